"""Guards the live updates: every message once, in order, resumed where the listener left."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.conftest import Conversation, Server, Start

pytestmark = pytest.mark.rasa


async def events(conversation: Conversation, query: str = "", **headers: str) -> AsyncIterator[dict[str, Any]]:
    """The events of a conversation as they come; each has its data, and `id`."""
    request = conversation.client.stream(
        "GET", f"{conversation.url}/events{query}", headers={**conversation.headers, **headers}
    )
    async with request as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        event: dict[str, str] = {}
        async for line in answer.aiter_lines():
            name, _, value = line.partition(": ")
            if line:
                event[name] = value
            elif "data" in event:
                yield {**json.loads(event["data"]), "id": event["id"]}
                event = {}


async def take(count: int, stream: AsyncIterator[dict[str, Any]]) -> list[dict[str, Any]]:
    """The next `count` events."""
    async with asyncio.timeout(10):
        return [await anext(stream) for _ in range(count)]


async def test_messages_come_live_and_as_in_the_transcript(start: Start) -> None:
    conversation = await start("kent-wa", "es")
    async with aclosing(events(conversation)) as stream:
        for text in ("hola", "gracias"):
            waiting = asyncio.create_task(take(2, stream))
            await conversation.send(text)
            seen = await waiting
            assert [event["author"] for event in seen] == ["resident", "bot"]
            assert [event.pop("id") for event in seen] == [str(event["number"]) for event in seen]
            assert seen == (await conversation.transcript())["messages"][-2:]


@pytest.mark.parametrize("how", ["header", "query"])
async def test_resuming_misses_nothing_and_doubles_nothing(start: Start, how: str) -> None:
    conversation = await start("kent-wa", "es")
    await conversation.send("hola")
    async with aclosing(events(conversation)) as stream:
        seen = await take(2, stream)
    await conversation.send("gracias")
    last = seen[-1]["id"]
    resumed = (
        events(conversation, **{"Last-Event-ID": last}) if how == "header" else events(conversation, f"?after={last}")
    )
    async with aclosing(resumed) as stream:
        waiting = asyncio.create_task(take(4, stream))
        await conversation.send("adiós")
        seen += await waiting
    assert [event["id"] for event in seen] == ["1", "2", "3", "4", "5", "6"]


async def test_two_listeners_both_hear_everything(start: Start) -> None:
    conversation = await start("kent-wa", "es")
    async with aclosing(events(conversation)) as first, aclosing(events(conversation)) as second:
        waiting = [asyncio.create_task(take(4, stream)) for stream in (first, second)]
        await asyncio.gather(*(conversation.send(text) for text in ("hola", "gracias")))
        heard = await asyncio.gather(*waiting)
    assert heard[0] == heard[1]
    assert [event["id"] for event in heard[0]] == ["1", "2", "3", "4"]


async def test_a_listener_hears_nothing_of_another_conversation(start: Start) -> None:
    mine, other = await start("kent-wa", "es"), await start("kent-wa", "es")
    async with aclosing(events(mine)) as stream:
        waiting = asyncio.create_task(take(2, stream))
        await other.send("gracias")
        await mine.send("hola")
        assert (await waiting)[0]["text"] == "hola"


async def delivered(server: Server, conversation: Conversation) -> int:
    with sqlite3.connect(f"file:{server.var_dir / 'enlace.db'}?mode=ro", uri=True) as database:
        query = "SELECT delivered FROM conversations WHERE id = ?"
        return int(database.execute(query, [conversation.id]).fetchone()[0])


@pytest.mark.parametrize(("last", "known"), [("0", 4), ("2", 4), ("4", 4), ("99", 4)])
async def test_what_the_transcript_brought_counts_as_delivered_once_the_stream_is_open(
    start: Start, server: Server, last: str, known: int
) -> None:
    conversation = await start("kent-wa", "es")
    for text in ("hola", "gracias"):
        await conversation.send(text)
    assert await delivered(server, conversation) == 0
    async with aclosing(events(conversation, **{"Last-Event-ID": last})) as stream:
        listening = asyncio.create_task(take(1, stream))
        async with asyncio.timeout(5):
            while await delivered(server, conversation) != known:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.05)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def test_a_sixth_stream_ends_the_first_and_no_other(start: Start) -> None:
    conversation = await start("kent-wa", "es")
    ended: list[int] = []
    open_now = asyncio.Queue[int]()

    async def listen(number: int) -> None:
        url = f"{conversation.url}/events"
        async with conversation.client.stream("GET", url, headers=conversation.headers) as stream:
            assert stream.status_code == 200
            open_now.put_nowait(number)
            lines = [line async for line in stream.aiter_lines()]
            assert "event: elsewhere" in lines
            ended.append(number)

    listening = []
    for number in range(6):
        listening.append(asyncio.create_task(listen(number)))
        await asyncio.wait_for(open_now.get(), 5)
        await asyncio.sleep(0.25)  # more in a second are refused
    await asyncio.wait_for(listening[0], 5)
    await asyncio.sleep(0.3)
    assert ended == [0]
    for each in listening:
        each.cancel()
    await asyncio.gather(*listening, return_exceptions=True)


async def test_events_need_the_token(start: Start, client: httpx.AsyncClient) -> None:
    conversation = await start()
    answer = await client.get(f"{conversation.url}/events")
    assert answer.status_code == 401
