"""Guards the webhook's door: only Meta gets in, each message is one message, and whatever comes is taken."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
import sqlite3
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from cloud_api import Running
from phoning import Phone, text_message, words
from test_whatsapp_inbound import BODIES

from bot.app import create_app
from bot.settings import Settings

if TYPE_CHECKING:
    from tests.conftest import Server

pytestmark = pytest.mark.rasa
PATH = "/webhooks/whatsapp"


def signed(body: bytes, secret: str) -> dict[str, str]:
    """The header that Meta sends."""
    return {"X-Hub-Signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


def of(server: Server, query: str, *values: str) -> list[tuple[Any, ...]]:
    """What the server's database says."""
    with contextlib.closing(sqlite3.connect(server.var_dir / "enlace.db")) as connection:
        return connection.execute(query, values).fetchall()


def messages(server: Server) -> int:
    """How many messages of Meta's the server has taken."""
    return int(of(server, "SELECT count(*) FROM whatsapp_events")[0][0])


async def test_the_handshake_echoes_for_whoever_knows_the_word(
    client: httpx.AsyncClient, server: Server, cloud_api: Running
) -> None:
    query = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": cloud_api.config.verify_token}
    answer = await client.get(PATH, params=query)
    assert (answer.status_code, answer.text) == (200, "1158201444")
    for wrong in ({"hub.verify_token": "other"}, {"hub.mode": "unsubscribe"}, {"hub.verify_token": "ñ"}):
        assert (await client.get(PATH, params=query | wrong)).status_code == 403
    assert (await client.get(PATH)).status_code == 403


@pytest.mark.parametrize(
    "how", ["wrong", "missing", "truncated", "sha1", "other_app", "uppercase", "unprefixed", "empty"]
)
async def test_what_is_not_signed_by_our_app_is_refused_and_leaves_nothing(
    rosa: Phone, server: Server, how: str
) -> None:
    before = messages(server)
    payload = rosa.webhook(text_message("hola", f"wamid.{how}"))
    assert await rosa.deliver(payload, how) == 403
    assert messages(server) == before


async def test_one_altered_byte_is_refused(client: httpx.AsyncClient, cloud_api: Running, rosa: Phone) -> None:
    body = json.dumps(rosa.webhook(text_message("hola", "wamid.altered"))).encode()
    headers = signed(body, cloud_api.config.app_secret)
    for altered in (body.replace(b"hola", b"hole"), body[:-1], body + b" ", b""):
        assert (await client.post(PATH, content=altered, headers=headers)).status_code == 403
    assert (await client.post(PATH, content=body, headers=headers)).status_code == 200


@pytest.mark.parametrize("escape", [True, False])
async def test_accents_and_emoji_are_signed_as_they_come(rosa: Phone, server: Server, escape: bool) -> None:
    said = "¿Señor Nuñez? 🧡👍🏽"
    payload = rosa.webhook(text_message(said, f"wamid.accents{rosa.wa_id}"))
    assert await rosa.deliver(payload, escape=escape) == 200
    await rosa.rest()
    assert of(server, "SELECT count(*) FROM messages WHERE text = ?", said)[0][0] >= 1


@pytest.mark.parametrize("payload", ["", "{", "null", "[]", '{"entry": 1}', "[" * 5000, "\x00"])
async def test_what_cannot_be_read_is_400(rosa: Phone, payload: str) -> None:
    assert await rosa.deliver(payload) == 400


async def test_3_mb_is_taken_and_more_is_not(client: httpx.AsyncClient, cloud_api: Running) -> None:
    for size, status in ((3 * 1024 * 1024, 200), (3 * 1024 * 1024 + 1, 413)):
        body = json.dumps({"object": "whatsapp_business_account", "entry": []}).encode()
        body += b" " * (size - len(body))
        answer = await client.post(PATH, content=body, headers=signed(body, cloud_api.config.app_secret))
        assert answer.status_code == status


async def test_every_published_payload_is_taken(rosa: Phone, server: Server) -> None:
    for name, payload in BODIES.items():
        assert await rosa.deliver(payload) == 200, name
    counted = {kind for (kind,) in of(server, "SELECT kind FROM whatsapp_counts")}
    assert {"account_alerts", "telepathy", "group message", "unknown number"} <= counted
    assert "Traceback" not in "".join(server.lines)


async def test_one_id_fifty_times_at_once_and_again_is_one_row_and_one_reply(rosa: Phone, server: Server) -> None:
    message_id = f"wamid.same{rosa.wa_id}"
    payload = rosa.webhook(text_message("gracias", message_id))
    await rosa.says("hola")
    await rosa.rest()
    before = messages(server)
    assert set(await asyncio.gather(*(rosa.deliver(payload) for _ in range(50)))) == {200}
    assert len([words(message) for message in await rosa.rest()]) == 1
    assert messages(server) == before + 1
    assert await rosa.deliver(payload) == 200
    twice = rosa.webhook(text_message("gracias", message_id), text_message("otra cosa", message_id))
    assert await rosa.deliver(twice) == 200
    assert await rosa.rest() == []
    assert messages(server) == before + 1


async def test_a_batch_is_taken_in_the_order_of_metas_clock(rosa: Phone, server: Server) -> None:
    ids = [f"wamid.{each}.{rosa.wa_id}" for each in range(4)]
    said = [text_message(f"número {each}", ids[each], ago_s=40 - 10 * each) for each in range(4)]
    payload = rosa.webhook(said[2], said[0])
    payload["entry"] += rosa.webhook(said[3], said[1])["entry"]
    assert await rosa.deliver(payload) == 200
    await rosa.rest()
    rows = of(server, "SELECT text FROM messages WHERE text LIKE 'número %' ORDER BY id")
    assert [text for (text,) in rows] == [f"número {each}" for each in range(4)]


async def test_without_a_number_there_is_no_webhook() -> None:
    app = create_app(Settings(environment="development"))
    assert not [route for route in app.routes if getattr(route, "path", "").startswith("/webhooks")]
