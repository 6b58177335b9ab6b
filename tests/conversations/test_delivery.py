"""Guards delivery: in order, a failing channel loses and doubles nothing, listeners are woken and forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.conversations import outbox as outbox_module
from bot.conversations.delivery import Channel, Dispatcher, GiveUp, Keep, Later, Listeners
from bot.conversations.outbox import OutboxStore
from bot.conversations.store import Store
from bot.conversations.tables import Outbox
from bot.errors import Conflict

SOON = 5
"""Seconds within which what is due now has to have happened."""
MORE = 55
"""Messages: more than are leased at once."""


@pytest.fixture(autouse=True)
def retried_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What failed is tried again without waiting for seconds."""
    monkeypatch.setattr("bot.conversations.delivery._FIRST_RETRY_S", 0.05)


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
    while await pending(store):  # noqa: ASYNC110 - nothing but the store knows it
        await asyncio.sleep(0.01)


async def pending(store: Store) -> list[int]:
    """The messages that wait in the outbox, oldest first."""
    async with store.engine.connect() as connection:
        query = select(Outbox.message_id).where(Outbox.state == "pending").order_by(Outbox.id)
        return list(await connection.scalars(query))


@asynccontextmanager
async def running(
    store: Store, send: Callable[[Any], Awaitable[None]], channel: str = "web"
) -> AsyncIterator[Dispatcher]:
    dispatcher = Dispatcher(OutboxStore(store.engine), Channel(channel, send))
    dispatcher.start()
    try:
        yield dispatcher
    finally:
        await dispatcher.stop()


class Sender:
    """Notes what it is given; fails while `broken`."""

    def __init__(self, broken: bool = False) -> None:
        self.broken = broken
        self.sent: list[int] = []
        self.tried, self.sent_one = asyncio.Event(), asyncio.Event()

    async def send(self, row: Any) -> None:
        self.tried.set()
        if self.broken:
            raise ConnectionError("the channel is down")
        self.sent.append(row.message_id)
        self.sent_one.set()


async def test_what_an_earlier_run_left_is_sent_in_the_order_of_each_conversation(store: Store) -> None:
    await answer(store, "web", "uno", "dos")
    await answer(store, "web", "tres")
    due = await pending(store)
    channel = Sender()
    async with running(store, channel.send):
        await asyncio.wait_for(emptied(store), SOON)
    assert sorted(channel.sent) == due
    assert [each for each in channel.sent if each in due[:2]] == due[:2]


async def test_more_than_one_batch_is_sent_once_and_in_order(store: Store) -> None:
    await answer(store, "web", *map(str, range(MORE)))
    channel = Sender()
    async with running(store, channel.send):
        await asyncio.wait_for(emptied(store), 4 * SOON)
    assert len(channel.sent) == len(set(channel.sent)) == MORE
    assert channel.sent == sorted(channel.sent)


async def test_waking_sends_what_came_since(store: Store) -> None:
    channel = Sender()
    async with running(store, channel.send) as dispatcher:
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
    channel = Sender(broken=True)
    async with running(store, channel.send) as dispatcher:
        await asyncio.wait_for(channel.tried.wait(), SOON)
        assert await OutboxStore(store.engine).next_due("web")
        channel.broken = False
        await asyncio.wait_for(emptied(store), 4 * SOON)
        await answer(store, "web", "dos")
        dispatcher.wake()
        await asyncio.wait_for(emptied(store), 4 * SOON)
    assert len(channel.sent) == len(set(channel.sent)) == 2
    assert "ConnectionError" in caplog.text


async def test_a_channel_that_is_down_holds_up_no_other(store: Store) -> None:
    await answer(store, "whatsapp", *map(str, range(MORE)))
    await answer(store, "web", "para la página")
    down, web = Sender(broken=True), Sender()
    async with running(store, down.send, "whatsapp"), running(store, web.send):
        await asyncio.wait_for(web.sent_one.wait(), SOON)
    assert down.sent == []


async def test_a_conversation_that_is_slow_holds_up_no_other_and_keeps_its_order(store: Store) -> None:
    await answer(store, "web", "uno", "dos", "tres")
    slow = (await pending(store))[0]
    await answer(store, "web", "de otra persona")
    go_on, others = asyncio.Event(), Sender()
    sent: list[int] = []

    async def send(row: Any) -> None:
        if row.message_id == slow:
            await go_on.wait()
        sent.append(row.message_id)
        await others.send(row)

    due = await pending(store)
    async with running(store, send):
        await asyncio.wait_for(others.sent_one.wait(), SOON)
        assert sent == due[3:]
        go_on.set()
        await asyncio.wait_for(emptied(store), SOON)
    assert sent == [due[3], *due[:3]]


async def test_nothing_overtakes_what_could_not_be_sent_yet(store: Store) -> None:
    await answer(store, "web", "uno", "dos")
    due = await pending(store)
    channel, failed = Sender(), []

    async def send(row: Any) -> None:
        if row.message_id == due[0] and not failed:
            failed.append(row.message_id)
            raise Later("busy")
        await channel.send(row)

    async with running(store, send):
        await asyncio.wait_for(emptied(store), SOON)
    assert channel.sent == due


async def test_waiting_for_one_that_is_postponed_is_waiting(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await answer(store, "web", "uno", "dos")
    tried, looks = asyncio.Event(), 0
    lease = OutboxStore.lease

    async def counted(self: OutboxStore, *args: Any) -> Any:
        nonlocal looks
        looks += 1
        return await lease(self, *args)

    async def send(row: Any) -> None:
        tried.set()
        raise Later("busy", at_least_s=60)

    monkeypatch.setattr(OutboxStore, "lease", counted)
    async with running(store, send):
        await asyncio.wait_for(tried.wait(), SOON)
        await asyncio.sleep(0.5)
    assert looks < 10


@pytest.mark.parametrize(("says", "state"), [(GiveUp("blocked"), "failed"), (Keep("window"), "kept")])
async def test_what_a_channel_will_not_send_is_written_down_and_the_next_follows(
    store: Store, says: GiveUp, state: str
) -> None:
    await answer(store, "web", "uno", "dos")
    first = (await pending(store))[0]

    async def send(row: Any) -> None:
        if row.message_id == first:
            raise says

    async with running(store, send):
        await asyncio.wait_for(emptied(store), SOON)
    assert await states(store) == [state, "sent"]
    async with store.engine.connect() as connection:
        assert await connection.scalar(select(Outbox.reason).where(Outbox.message_id == first)) == says.reason


async def test_stopping_leaves_what_is_not_sent(store: Store) -> None:
    await answer(store, "web", "uno")
    begun = asyncio.Event()

    async def never(row: Any) -> None:
        begun.set()
        await asyncio.Event().wait()

    async with running(store, never):
        await asyncio.wait_for(begun.wait(), SOON)
    assert len(await pending(store)) == 1


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


async def states(store: Store) -> list[str]:
    async with store.engine.connect() as connection:
        return list(await connection.scalars(select(Outbox.state).order_by(Outbox.id)))


async def test_of_many_senders_one_gets_a_row(store: Store) -> None:
    for each in range(40):
        await answer(store, "web", str(each))
    outbox = OutboxStore(store.engine)
    taken = await asyncio.gather(*(outbox.lease("web", limit=10) for _ in range(8)))
    ids = [row.id for rows in taken for row in rows]
    assert len(ids) == len(set(ids)) == 40


async def test_what_a_sender_died_with_is_sent_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "LEASE_S", 0.2)
    await answer(store, "whatsapp", "uno")
    tries = 0
    begun = asyncio.Event()

    async def send(row: Any) -> None:
        nonlocal tries
        tries += 1
        begun.set()
        if tries == 1:
            await asyncio.Event().wait()  # the process ends here, after the other side took it

    async with running(store, send, "whatsapp"):
        await asyncio.wait_for(begun.wait(), SOON)
    await asyncio.sleep(0.3)
    async with running(store, send, "whatsapp"):
        await asyncio.wait_for(emptied(store), SOON)
    assert (tries, await states(store)) == (2, ["sent"])


async def test_what_cannot_be_sent_is_given_up_in_the_end_and_can_be_tried_again(store: Store) -> None:
    await answer(store, "whatsapp", "uno")
    outbox = OutboxStore(store.engine, deliver_for_s=0)
    row = (await outbox.lease("whatsapp"))[0]
    done: list[str] = []

    async def also(_: AsyncConnection) -> None:
        done.append("also")

    with pytest.raises(Conflict):
        await outbox.retry(row.conversation_id, 2, also)
    assert await outbox.postpone(row.id, 5) == [row.conversation_id]
    assert (await states(store), await outbox.next_due("whatsapp")) == (["failed"], None)
    await outbox.retry(row.conversation_id, 2, also)
    assert done == ["also"]
    assert [again.id for again in await outbox.lease("whatsapp")] == [row.id]


async def test_what_is_postponed_puts_off_no_other_conversation_and_gives_up_none(store: Store) -> None:
    for said in ("uno", "dos"):
        await answer(store, "whatsapp", said)
    outbox = OutboxStore(store.engine)
    later, due = await outbox.lease("whatsapp")
    await outbox.release([later.id, due.id])
    assert await outbox.postpone(later.id, 60, "busy") == []
    [still] = await outbox.lease("whatsapp")
    assert (still.id, still.attempts, still.reason, still.due_at) == (due.id, 0, None, due.due_at)
    assert await OutboxStore(store.engine, deliver_for_s=0).postpone(later.id, 60, "busy") == [later.conversation_id]
    assert await states(store) == ["failed", "pending"]


async def test_what_was_sent_or_is_kept_is_not_given_up(store: Store) -> None:
    for said in ("uno", "dos"):
        await answer(store, "whatsapp", said)
    outbox = OutboxStore(store.engine)
    sent, kept = await outbox.lease("whatsapp")
    await outbox.sent([sent.id])
    assert await outbox.keep(kept.id, "closed")
    for row in (sent, kept):
        assert await outbox.give_up(row.id, "refused") == []
    assert await states(store) == ["sent", "kept"]
    async with store.engine.connect() as connection:
        reasons = list(await connection.scalars(select(Outbox.reason).order_by(Outbox.id)))
    assert reasons == [None, "closed"]


async def test_what_is_too_old_is_postponed_and_given_up_at_once(store: Store) -> None:
    await answer(store, "whatsapp", "uno")
    outbox = OutboxStore(store.engine, deliver_for_s=0)
    row, begun = (await outbox.lease("whatsapp"))[0], 0

    @event.listens_for(store.engine.sync_engine, "begin")
    def note(_: Any) -> None:
        nonlocal begun
        begun += 1

    await outbox.postpone(row.id, 5)
    event.remove(store.engine.sync_engine, "begin", note)
    assert begun == 1, "another sender would see it pending between the two"
