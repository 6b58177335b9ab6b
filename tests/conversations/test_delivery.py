"""Guards delivery: oldest first, a failing channel loses and doubles nothing, listeners are woken and forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot.conversations.delivery import Dispatcher, Listeners
from bot.conversations.store import Store

SOON = 5
"""Seconds within which what is due now has to have happened."""


async def answer(store: Store, channel: str, *texts: str) -> None:
    """Put a reply for each of `texts` into the outbox of a new conversation."""
    conversation = await store.create("kent-wa", channel, "es", chosen=False)
    for each, said in enumerate(texts):
        await store.accept(conversation.id, channel, f"{conversation.id}-{each}", "hola", "es", None)
        due = await store.pending(conversation.id)
        assert due
        await store.complete(due, {"text": said, "language": "es"}, {})


async def emptied(store: Store) -> None:
    """Wait until the outbox is empty."""
    while await store.next_due():  # noqa: ASYNC110 - nothing but the store knows it
        await asyncio.sleep(0.01)


@asynccontextmanager
async def running(store: Store, channels: Mapping[str, Callable[[Any], Awaitable[None]]]) -> AsyncIterator[Dispatcher]:
    dispatcher = Dispatcher(store, channels)
    dispatcher.start()
    try:
        yield dispatcher
    finally:
        await dispatcher.stop()


class Channel:
    """Notes what it is given; fails while `broken`."""

    def __init__(self, broken: bool = False) -> None:
        self.broken = broken
        self.sent: list[int] = []
        self.tried = asyncio.Event()

    async def send(self, row: Any) -> None:
        self.tried.set()
        if self.broken:
            raise ConnectionError("the channel is down")
        self.sent.append(row.message_id)


async def test_what_an_earlier_run_left_is_sent_oldest_first(store: Store) -> None:
    await answer(store, "web", "uno", "dos")
    await answer(store, "web", "tres")
    due = [row.message_id for row in await store.unsent()]
    channel = Channel()
    async with running(store, {"web": channel.send}):
        await asyncio.wait_for(emptied(store), SOON)
    assert channel.sent == due


async def test_more_than_one_batch_is_sent_once_and_in_order(store: Store) -> None:
    await answer(store, "web", *map(str, range(120)))
    channel = Channel()
    async with running(store, {"web": channel.send}):
        await asyncio.wait_for(emptied(store), 4 * SOON)
    assert len(channel.sent) == len(set(channel.sent)) == 120
    assert channel.sent == sorted(channel.sent)


async def test_waking_sends_what_came_since(store: Store) -> None:
    channel = Channel()
    async with running(store, {"web": channel.send}) as dispatcher:
        await answer(store, "web", "uno")
        dispatcher.wake()
        await asyncio.wait_for(emptied(store), SOON)
        await answer(store, "web", "dos")
        dispatcher.wake()
        await asyncio.wait_for(emptied(store), SOON)
    assert len(channel.sent) == 2


async def test_a_channel_that_fails_gets_its_message_later_and_once(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    await answer(store, "web", "uno")
    channel = Channel(broken=True)
    async with running(store, {"web": channel.send}) as dispatcher:
        await asyncio.wait_for(channel.tried.wait(), SOON)
        assert await store.next_due()
        channel.broken = False
        await asyncio.wait_for(emptied(store), 4 * SOON)
        await answer(store, "web", "dos")
        dispatcher.wake()
        await asyncio.wait_for(emptied(store), 4 * SOON)
    assert len(channel.sent) == len(set(channel.sent)) == 2
    assert "ConnectionError" in caplog.text


async def test_a_channel_that_is_down_holds_up_no_other(store: Store) -> None:
    await answer(store, "whatsapp", *map(str, range(120)))
    await answer(store, "web", "para la página")
    down, web = Channel(broken=True), Channel()
    delivered = asyncio.Event()

    async def send_web(row: Any) -> None:
        await web.send(row)
        delivered.set()

    async with running(store, {"whatsapp": down.send, "web": send_web}):
        await asyncio.wait_for(delivered.wait(), SOON)
    assert down.sent == []


async def test_stopping_leaves_what_is_not_sent(store: Store) -> None:
    await answer(store, "web", "uno")
    begun = asyncio.Event()

    async def never(row: Any) -> None:
        begun.set()
        await asyncio.Event().wait()

    async with running(store, {"web": never}):
        await asyncio.wait_for(begun.wait(), SOON)
    assert len(await store.unsent()) == 1


async def test_a_listener_is_woken_for_its_own_conversation_alone() -> None:
    listeners = Listeners()
    async with listeners.listen("a") as first, listeners.listen("a") as second, listeners.listen("b") as other:
        listeners.wake("a")
        assert (first.is_set(), second.is_set(), other.is_set()) == (True, True, False)


async def test_a_listener_that_left_is_not_woken() -> None:
    listeners = Listeners()
    async with listeners.listen("a") as stays:
        async with listeners.listen("a") as leaves:
            pass
        listeners.wake("a")
        assert (stays.is_set(), leaves.is_set()) == (True, False)
    listeners.wake("a")  # nobody is left: nothing happens
