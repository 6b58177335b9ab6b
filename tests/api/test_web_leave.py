"""Guards leaving and rating over the API: the token is over at once, streams end, a hold keeps, Rasa may be away."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING

import httpx
import pytest
from sqlalchemy import text

from bot.database.engine import open_engine

if TYPE_CHECKING:
    from tests.conftest import Server, Start

pytestmark = pytest.mark.rasa


async def test_leaving_ends_the_token_the_streams_and_the_words(start: Start, server: Server) -> None:
    resident = await start("kent-wa", "es")
    await resident.send("palabra irrepetible zzyzx")
    heard = asyncio.Event()

    async def listen() -> None:
        async with resident.client.stream("GET", f"{resident.url}/events", headers=resident.headers) as stream:
            async for line in stream.aiter_lines():
                if "zzyzx" in line:
                    heard.set()

    listening = asyncio.create_task(listen())
    await heard.wait()
    answer = await resident.client.post(f"{resident.url}/leave", headers=resident.headers)
    assert answer.status_code == 204
    await asyncio.wait_for(listening, 5)
    assert (await resident.client.get(resident.url, headers=resident.headers)).status_code == 401
    assert not any(b"zzyzx" in content for _, content in server.files())


async def hold(server: Server, conversation_id: str) -> None:
    """Have a court ask that a conversation be kept."""
    engine = open_engine(f"sqlite+aiosqlite:///{server.var_dir / 'enlace.db'}")
    async with engine.begin() as connection:
        await connection.execute(
            text("UPDATE conversations SET legal_hold = true WHERE id = :id"), {"id": conversation_id}
        )
    await engine.dispose()


async def test_on_hold_an_erase_is_refused_and_nothing_is_gone(start: Start, server: Server) -> None:
    resident = await start("kent-wa", "es")
    await resident.send("hola")
    before = await resident.transcript()
    await hold(server, resident.id)
    refused = await resident.erase()
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "on_hold")
    assert await resident.transcript() == before
    assert (await resident.send("gracias"))["kind"] == "smalltalk"


async def test_a_hold_keeps_what_was_said_and_the_resident_s_device_has_no_key_to_it(
    start: Start, server: Server
) -> None:
    resident = await start("kent-wa", "es")
    await resident.send("esto lo pide un tribunal")
    await hold(server, resident.id)
    answer = await resident.client.post(f"{resident.url}/leave", headers=resident.headers)
    assert answer.status_code == 204
    assert (await resident.client.get(resident.url, headers=resident.headers)).status_code == 401
    with sqlite3.connect(f"file:{server.var_dir / 'enlace.db'}?mode=ro", uri=True) as database:
        query = "SELECT count(*) FROM messages WHERE conversation_id = ?"
        assert database.execute(query, [resident.id]).fetchone() == (2,)


async def test_a_code_used_elsewhere_ends_the_first_stream(start: Start) -> None:
    resident = await start("kent-wa", "es")
    await resident.send("hola")
    code = (await resident.client.post(f"{resident.url}/code", headers=resident.headers)).json()["code"]

    heard = asyncio.Event()

    async def listen() -> None:
        async with resident.client.stream("GET", f"{resident.url}/events", headers=resident.headers) as stream:
            assert stream.status_code == 200
            async for line in stream.aiter_lines():
                if line.startswith("data:"):
                    heard.set()

    listening = asyncio.create_task(listen())
    await asyncio.wait_for(heard.wait(), 5)
    opened = await resident.client.post("/api/conversations/resume", json={"code": code})
    assert opened.status_code == 200
    await asyncio.wait_for(listening, 5)


async def test_whether_an_answer_helped(start: Start, client: httpx.AsyncClient) -> None:
    resident = await start("kent-wa", "es")
    reply = await resident.send("¿me van a pedir papeles?")
    url = f"{resident.url}/messages/{reply['number']}/helpful"
    for helpful in (True, False):
        assert (await client.post(url, json={"helpful": helpful}, headers=resident.headers)).status_code == 204
        assert (await resident.transcript())["messages"][-1]["helpful"] is helpful
    mine = f"{resident.url}/messages/{reply['number'] - 1}/helpful"
    for wrong in (mine, f"{resident.url}/messages/999/helpful"):
        assert (await client.post(wrong, json={"helpful": True}, headers=resident.headers)).status_code == 404
    assert (await client.post(url, json={"helpful": True})).status_code == 401


async def test_the_transcript_names_the_client_s_own_ids(start: Start) -> None:
    resident = await start("kent-wa", "es")
    await resident.send("hola", id="my-own-id-1")
    messages = (await resident.transcript())["messages"]
    assert [each["client_id"] for each in messages] == ["my-own-id-1", None]


@pytest.mark.parametrize(
    ("text", "hrefs"),
    [
        ("me quiero morir", ["tel:988", "tel:911"]),
        ("alguien se está metiendo a mi casa", ["tel:911"]),
        ("¿preguntan papeles?", []),
    ],
)
async def test_steps_are_links_that_a_phone_can_follow(start: Start, text: str, hrefs: list[str]) -> None:
    resident = await start("kent-wa", "es")
    reply = await resident.send(text)
    assert [step["href"] for step in reply["steps"] if step["href"] != "tel:911" or hrefs] == hrefs
