"""Guards `enlace whatsapp`: each thing that can be wrong is found, by asking a Cloud API and a server that run."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from click.testing import Result
from cloud_api import Config, Number, Running, running
from serving import whatsapp_settings
from typer.testing import CliRunner

from bot.__main__ import app

if TYPE_CHECKING:
    from tests.conftest import Server

pytestmark = pytest.mark.rasa
FIELDS = {
    "messages",
    "account_update",
    "message_template_status_update",
    "phone_number_quality_update",
    "template_category_update",
}
Run = Callable[..., Awaitable[Result]]


@pytest.fixture(scope="module")
def own_cloud() -> Iterator[Running]:
    """A Cloud API of this module's own."""
    numbers = [Number("1001", "+1 555-0100", "Kent Police")]
    with running(Config(numbers=numbers, webhook_fields=frozenset(FIELDS))) as cloud:
        yield cloud


@pytest.fixture
async def cloud(own_cloud: Running, server: Server) -> Running:
    """The same as at the start; its webhooks would go to the session's server."""
    await control(own_cloud, "reset")
    await control(own_cloud, "delivery", url=f"{server.base_url}/webhooks/whatsapp")
    return own_cloud


@pytest.fixture
def run(cloud: Running) -> Run:
    """`await run("check", ENLACE_…=…)`: the command with the settings for that Cloud API, some of them others."""
    right = whatsapp_settings(cloud) | {"ENLACE_WHATSAPP_NUMBERS": "1001:kent-wa"}

    async def invoke(*arguments: str, **settings: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, app, ["whatsapp", *arguments], env=right | settings)

    return invoke


async def control(cloud: Running, path: str, **body: Any) -> None:
    """Change something at Meta."""
    async with httpx.AsyncClient(base_url=cloud.url, trust_env=False) as client:
        (await client.post(f"/_control/{path}", json=body)).raise_for_status()


async def bad(run: Run, **settings: str) -> list[str]:
    """What the check finds wrong; it has to end with 1, and to say what to do about each."""
    done = await run("check", "--json", **settings)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    wrong = [finding for finding in found if finding["grade"] == "bad"]
    assert all(finding["remedy"] for finding in found if finding["grade"] != "good")
    assert done.exit_code == bool(wrong), done.output
    return [finding["what"] for finding in wrong]


async def test_the_templates_are_submitted_and_then_nothing_is_missing(run: Run, cloud: Running) -> None:
    missing = await bad(run)
    assert len(missing) == 2
    assert all("Meta does not have it" in what for what in missing)
    submitted = await run("submit")
    assert (submitted.exit_code, submitted.stdout.count("submitted, it is APPROVED")) == (0, 2)
    assert await bad(run) == []
    done = await run("check")
    assert "BAD" not in done.stdout
    assert "look" not in done.stdout
    assert "Kent Police" in done.stdout
    assert (await run("submit")).stdout.count("approved") == 2  # and not twice


async def test_nothing_is_submitted_to_an_account_that_is_not_named(run: Run) -> None:
    done = await run("submit", ENLACE_WHATSAPP_ACCOUNT="")
    assert done.exit_code == 1
    assert "ENLACE_WHATSAPP_ACCOUNT" in done.output


async def test_what_would_be_submitted_is_printed(run: Run) -> None:
    printed = (await run("submit", "--dry-run")).stdout
    assert '"language": "es"' in printed
    assert "Responda ABRIR" in printed


@pytest.mark.parametrize(
    ("setting", "value", "what"),
    [
        ("TOKEN", "another", "Token:"),
        ("APP_SECRET", "another", "App secret: it is not"),
        ("VERIFY_TOKEN", "another", "the handshake failed (403)"),
        ("NUMBERS", "1999:kent-wa", "Number 1999 (kent-wa): Meta refuses it"),
        ("ACCOUNT", "2999", "Account 2999: Meta refuses it"),
        ("API_URL", "http://127.0.0.1:9", "Meta did not answer"),
    ],
)
async def test_a_wrong_setting_is_named(run: Run, setting: str, value: str, what: str) -> None:
    assert any(what in each for each in await bad(run, **{f"ENLACE_WHATSAPP_{setting}": value}))


@pytest.mark.parametrize(
    ("path", "body", "what"),
    [
        ("numbers/1001", {"status": "FLAGGED"}, "is FLAGGED"),
        ("numbers/1001", {"health_status": {"can_send_message": "BLOCKED"}}, "may not send messages"),
        ("templates/enlace_reply/es", {"status": "PAUSED"}, "(es): it is PAUSED"),
        ("delivery", {"url": "http://127.0.0.1:9/elsewhere"}, "http://127.0.0.1:9/elsewhere: no answer"),
    ],
)
async def test_what_is_wrong_at_meta_is_named(
    run: Run, cloud: Running, path: str, body: dict[str, Any], what: str
) -> None:
    await run("submit")
    await control(cloud, path, **body)
    (wrong,) = await bad(run)
    assert what in wrong


async def test_a_template_with_other_words_is_not_ours(run: Run, cloud: Running) -> None:
    body = [{"type": "BODY", "text": "Tenemos una oferta. Responda ABRIR."}]
    await control(cloud, "templates", name="enlace_reply", language="es", category="UTILITY", components=body)
    assert any("its words or its button are others" in what for what in await bad(run))


async def test_without_a_number_it_says_where_to_begin() -> None:
    done = await asyncio.to_thread(CliRunner().invoke, app, ["whatsapp", "check"], env={"ENLACE_WHATSAPP_NUMBERS": ""})
    assert done.exit_code == 2
    assert "docs/whatsapp.md" in done.stderr
