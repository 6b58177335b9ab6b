"""Guards the count of open callbacks: it is asked for where a page shows it, and by nothing else."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pyotp
import pytest
from fastapi import Request
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.console import web
from bot.content.library import Library
from bot.i18n import Catalogs
from bot.liaisons.accounts import Accounts, Profile
from bot.liaisons.sessions import Sessions
from bot.secrets import Secrets
from bot.settings import ROOT, Settings

KENT = Profile("ana@example.org", "Ana", {"en": "Liaison"}, False, "liaison", ["kent-wa"], ["en"])


@pytest.mark.parametrize(
    ("template", "context", "counts"),
    [
        (None, {}, 0),  # the stream, a download, a move: no page
        ("_contact.html", {"contact": "", "time": "", "callback": SimpleNamespace(language="en")}, 0),
        ("_queue.html", {"lists": {}, "alarming": 0, "part": True}, 1),
        ("callbacks.html", {"callbacks": []}, 1),
    ],
)
async def test_open_callbacks_are_counted_where_they_are_shown(
    engine: AsyncEngine, library: Library, template: str | None, context: dict[str, Any], counts: int
) -> None:
    secrets = Secrets("k" * 40)
    sessions = Sessions(engine, secrets)
    given = await Accounts(engine, secrets).add(KENT)
    half = await sessions.sign_in(KENT.email, given.password, "en")
    token = await sessions.second_factor(half, pyotp.parse_uri(given.uri).now())  # type: ignore[union-attr]
    runtime: Any = SimpleNamespace(
        settings=Settings(),
        sessions=sessions,
        store=SimpleNamespace(engine=engine),
        library=library,
        catalogs=Catalogs(ROOT / "locales", library.languages),
        whatsapp=None,
    )
    name = web.cookie_name(runtime.settings)
    headers = [(b"cookie", f"{name}={token}".encode())]
    request = Request({"type": "http", "method": "GET", "path": "/console", "query_string": b"", "headers": headers})
    asked: list[str] = []
    event.listen(engine.sync_engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    assert (await web.signed_in(request, runtime)).name == "Ana"
    if template:
        shown = await web.page(request, runtime, template, **context)
        assert (b'id="callbacks-open"' in shown.body) is bool(counts)
    assert sum("callbacks" in statement for statement in asked) == counts
