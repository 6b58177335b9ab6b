"""Guards the form of the page without scripts: what is too long for one button stops no other, and leaving least."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from bot.content.library import Library
from bot.i18n import Catalogs
from bot.rendering.renderer import Renderer
from bot.settings import Settings
from bot.widget import plain


@pytest.fixture
def left() -> list[Any]:
    """The ids and tokens of the conversations that were left."""
    return []


@pytest.fixture
def page(library: Library, monkeypatch: pytest.MonkeyPatch, left: list[Any]) -> httpx.AsyncClient:
    """A browser at the page, with nothing behind it that talks."""

    async def leave(_: object, shown: Any) -> None:
        left.append((shown.id, shown.token))

    monkeypatch.setattr(plain, "_left", leave)
    catalogs = Catalogs(Settings().locales_dir, library.languages)
    app = FastAPI()
    app.include_router(plain.router)
    app.state.runtime = SimpleNamespace(
        library=library,
        catalogs=catalogs,
        settings=Settings(),
        renderer=Renderer(library, catalogs),
        in_background=asyncio.ensure_future,
    )
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://enlace.test")


async def test_who_leaves_leaves_whatever_is_in_the_fields(page: httpx.AsyncClient, left: list[Any]) -> None:
    fields = {"do": "leave", "id": "an-id", "token": "a-token", "text": "a" * 30_000, "name": "b" * 500}
    answer = await page.post("/text/kent-wa", data=fields)
    await asyncio.sleep(0)
    assert (answer.status_code, answer.headers["clear-site-data"]) == (200, '"storage"')
    assert left == [("an-id", "a-token")]


@pytest.mark.parametrize("length", [1001, 4500])
async def test_a_summary_that_is_too_long_to_be_passed_on_is_said_to_be(page: httpx.AsyncClient, length: int) -> None:
    answer = await page.post("/text/kent-wa", data={"do": "agree", "language": "en", "summary": "s" * length})
    assert answer.status_code == 200
    assert "at most 1000 characters" in answer.text


async def test_a_summary_that_is_too_long_stops_no_other_button(page: httpx.AsyncClient) -> None:
    answer = await page.post("/text/kent-wa", data={"do": "language es", "language": "en", "summary": "s" * 4500})
    assert answer.status_code == 200
    assert '<html lang="es"' in answer.text


@pytest.mark.parametrize(
    "fields", [{"do": "refresh", "code": "c" * 41}, {"do": "refresh", "message_id": "?"}, {"id": "a\x00b"}]
)
async def test_what_no_page_of_ours_sends_is_refused(page: httpx.AsyncClient, fields: dict[str, str]) -> None:
    assert (await page.post("/text/kent-wa", data=fields)).status_code == 422
