"""Guards what must leave no trace: identifiers that residents type, and conversations that they erase."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from tests.conftest import Server, Start

pytestmark = pytest.mark.rasa


def traces(server: Server, *words: str) -> list[str]:
    """Where any of `words` stands: files of the server, or its own output."""
    found = [path.name for path, content in server.files() if any(word.encode() in content for word in words)]
    return found + ["output"] * any(word in line for word in words for line in server.lines)


@pytest.mark.parametrize(
    ("text", "secrets"),
    [
        ("llámeme al 206-555-0147 por favor", ["206-555-0147", "2065550147"]),
        ("my SSN is 219-09-9999", ["219-09-9999", "219099999"]),
        ("mi A-number es A 204 817 365", ["204 817 365", "204817365"]),
        ("escríbame a rosa.canario@example.org", ["rosa.canario"]),
    ],
    ids=["phone", "ssn", "a-number", "email"],
)
async def test_an_identifier_is_in_no_transcript_file_or_log(
    start: Start, server: Server, text: str, secrets: list[str]
) -> None:
    conversation = await start("kent-wa", "es")
    await conversation.send(text)
    said = (await conversation.transcript())["messages"][0]["text"]
    assert "[" in said
    assert not any(secret in said for secret in secrets)
    assert traces(server, *secrets) == []


async def test_no_text_of_a_resident_is_in_the_logs(start: Start, server: Server) -> None:
    await (await start("kent-wa", "es")).send("canario-de-los-registros quiere saber de papeles")
    found = traces(server, "canario-de-los-registros")
    assert found, "the test can't see what is stored"
    assert [name for name in found if not name.startswith("enlace.db")] == []


async def test_an_erased_conversation_cannot_be_opened(start: Start, client: httpx.AsyncClient) -> None:
    conversation = await start("kent-wa", "es")
    await conversation.send("hola")
    answer = await conversation.erase()
    assert (answer.status_code, answer.content) == (204, b"")
    for method, path, body in (
        ("GET", "", None),
        ("GET", "/events", None),
        ("POST", "/messages", {"text": "hola"}),
        ("DELETE", "", None),
    ):
        refused = await client.request(method, conversation.url + path, headers=conversation.headers, json=body)
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "unauthorized")


async def test_an_erased_conversation_leaves_no_trace(start: Start, server: Server) -> None:
    canary = "canario-borrado"
    conversation = await start("kent-wa", "es")
    await conversation.send(f"{canary} ¿preguntan por papeles?")
    assert traces(server, canary, conversation.id), "the test can't see what is stored"
    assert (await conversation.erase()).status_code == 204
    assert traces(server, canary, conversation.id) == []


async def test_erasing_during_a_turn_keeps_nothing(start: Start, server: Server) -> None:
    conversation = await start("kent-wa", "es")
    turn = asyncio.create_task(conversation.post(text="hola"))
    erased, answered = await asyncio.gather(conversation.erase(), turn)
    assert erased.status_code == 204
    assert (await conversation.post(text="hola")).status_code == 401
    assert answered.status_code in {200, 401, 404}, (answered.text, server.lines[-5:])
    assert traces(server, conversation.id) == []
