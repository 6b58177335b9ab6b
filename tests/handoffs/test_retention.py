"""Guards what is deleted and what is not: nothing that somebody waits for, nothing on hold, and no byte of the rest."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from handed_over import NOTICE, Hand
from sqlalchemy import event, func, insert, select, text, update
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.whatsapp.intake import forget_ids
from bot.conversations.ownership import Ownership
from bot.conversations.store import Store
from bot.conversations.tables import Conversation, Handoff, Message
from bot.database.engine import open_engine
from bot.database.tables import now
from bot.errors import NotFound, OnHold
from bot.handoffs import retention as deleting
from bot.handoffs.retention import Purged, Retention
from bot.handoffs.tables import Callback, Erasure, Label, Note, ToForget
from bot.liaisons.tables import AuditEntry

CANARY = "canario-amarillo-7421"
Hire = Callable[..., Awaitable[int]]


@pytest.fixture
def retention(engine: AsyncEngine) -> Retention:
    """30 days, and 7 for contacts."""
    return Retention(engine, 30, 7, forget_ids)


@pytest.fixture
def finish(engine: AsyncEngine, hand: Hand, hire: Hire) -> Callable[..., Awaitable[str]]:
    """`await finish(days_ago)`: a conversation that was ended so long ago, with something in every field."""
    anas: list[int] = []

    async def end(days_ago: float) -> str:
        if not anas:
            anas.append(await hire("Ana"))
        ana = anas[0]
        conversation = await hand(said=CANARY)
        ownership = Ownership(engine)
        await ownership.claim(conversation, ana, NOTICE)
        await ownership.say(conversation, ana, CANARY, "es")
        moment = now() - dt.timedelta(days=days_ago)
        mine: dict[str, Any] = {"conversation_id": conversation}
        async with engine.begin() as connection:
            await connection.execute(insert(Note).values(**mine, liaison_id=ana, text=CANARY))
            await connection.execute(insert(Label).values(**mine, label=CANARY))
            await connection.execute(update(Handoff).where(Handoff.conversation_id == conversation).values(name=CANARY))
            await connection.execute(
                insert(Callback).values(
                    **mine,
                    department="kent-wa",
                    language="es",
                    contact=CANARY,
                    time=CANARY,
                    done_at=moment,
                    done_by=ana,
                )
            )
        await ownership.close(conversation, ana, NOTICE)
        async with engine.begin() as connection:
            await connection.execute(update(Conversation).where(Conversation.id == conversation).values(last_at=moment))
        return conversation

    return end


async def ids(engine: AsyncEngine) -> set[str]:
    async with engine.connect() as connection:
        return set(await connection.scalars(select(Conversation.id)))


async def test_what_is_old_goes_and_what_is_waited_for_or_held_stays(
    engine: AsyncEngine, retention: Retention, finish: Callable[..., Awaitable[str]], hand: Hand
) -> None:
    old, held, young, waiting = await finish(31), await finish(31), await finish(29), await hand()
    async with engine.begin() as connection:
        long_ago = now() - dt.timedelta(days=40)
        await connection.execute(update(Conversation).where(Conversation.id == waiting).values(last_at=long_ago))
        await connection.execute(update(Conversation).where(Conversation.id == held).values(legal_hold=True))
    assert await retention.due() == Purged(conversations=1, contacts=2)  # of the old and of the young one
    assert await retention.purge() == Purged(conversations=1, contacts=1)  # the old one's went with it
    assert await ids(engine) == {held, young, waiting}
    async with engine.connect() as connection:
        query = select(AuditEntry.detail).where(AuditEntry.action == "purge").order_by(AuditEntry.id)
        written = list(await connection.scalars(query))
    assert written == [{"conversations": 1, "contacts": 0}, {"conversations": 0, "contacts": 1}]
    async with engine.connect() as connection:
        of_callbacks = select(Callback.conversation_id, Callback.contact, Callback.time)
        contacts = {row[0]: tuple(row[1:]) for row in await connection.execute(of_callbacks)}
        handoff = (await connection.execute(select(Handoff).where(Handoff.conversation_id.is_(None)))).one()
        to_forget = list(await connection.scalars(select(ToForget.conversation_id)))
    assert contacts == {held: (CANARY, CANARY), young: (None, None)}
    assert (handoff.summary, handoff.name) == (None, None)  # its times stay, for the figures
    assert handoff.claimed_at
    assert to_forget == [old]


async def test_a_wish_to_be_called_back_keeps_its_conversation_until_somebody_called(
    engine: AsyncEngine, retention: Retention, finish: Callable[..., Awaitable[str]]
) -> None:
    old = await finish(31)
    async with engine.begin() as connection:
        await connection.execute(update(Callback).values(done_at=None))
    assert await retention.due() == await retention.purge() == Purged(conversations=0, contacts=0)
    assert await ids(engine) == {old}
    async with engine.begin() as connection:
        await connection.execute(update(Callback).values(done_at=now()))
    assert await retention.purge() == Purged(conversations=1, contacts=0)
    assert await ids(engine) == set()


async def test_rasa_is_asked_to_forget_until_it_has(
    engine: AsyncEngine, retention: Retention, finish: Callable[..., Awaitable[str]]
) -> None:
    old = {await finish(31), await finish(32)}
    await retention.purge()
    forgotten: set[str] = set()

    async def down(conversation: str) -> None:
        raise ConnectionError

    async def forget(conversation: str) -> None:
        forgotten.add(conversation)

    with pytest.raises(ConnectionError):
        await retention.forget(down)
    await retention.forget(forget)
    assert forgotten == old
    await retention.forget(down)  # nothing is left


async def test_a_residents_erase_leaves_nothing_but_a_count(
    engine: AsyncEngine, retention: Retention, finish: Callable[..., Awaitable[str]]
) -> None:
    for _ in range(3):
        await retention.erase(await finish(0))
    async with engine.connect() as connection:
        for table in (Conversation, Message, Handoff, Callback, Note, Label):
            assert await connection.scalar(select(func.count()).select_from(table)) == 0, table
        assert (await connection.execute(select(Erasure.department, Erasure.count))).all() == [("kent-wa", 3)]
    with pytest.raises(NotFound):
        await retention.erase("no-such-conversation")


async def test_a_legal_hold_is_stronger_than_an_erase(
    engine: AsyncEngine, retention: Retention, finish: Callable[..., Awaitable[str]]
) -> None:
    held = await finish(0)
    async with engine.begin() as connection:
        await connection.execute(update(Conversation).values(legal_hold=True))
    for act in (retention.check, retention.erase):
        with pytest.raises(OnHold):
            await act(held)
    assert await ids(engine) == {held}


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)  # the files of PostgreSQL are not ours to read
@pytest.mark.parametrize("how", ["purge", "erase"])
async def test_no_file_of_the_database_has_a_byte_of_it_afterwards(
    engine_url: str, engine: AsyncEngine, retention: Retention, finish: Callable[..., Awaitable[str]], how: str
) -> None:
    folder = Path(make_url(engine_url).database or "").parent

    def files() -> list[str]:
        return [path.name for path in sorted(folder.iterdir()) if CANARY.encode() in path.read_bytes()]

    old = await finish(31)
    assert files(), "the test can't see what is stored"
    await (retention.purge() if how == "purge" else retention.erase(old))
    assert files() == []


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
async def test_an_erase_while_somebody_reads_holds_up_nobody_and_is_overwritten_soon_after(
    engine_url: str,
    retention: Retention,
    engine: AsyncEngine,
    finish: Callable[..., Awaitable[str]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    folder = Path(make_url(engine_url).database or "").parent
    left = [await finish(0), await finish(0)]
    store = Store(engine)
    other = await store.create("kent-wa", "web", "es", chosen=False)
    async with engine.connect() as reader:
        await reader.execute(text("BEGIN"))
        await reader.execute(select(Conversation.id))
        erasing = asyncio.create_task(retention.erase(left[0]))
        async with asyncio.timeout(5):
            for number in range(20):  # as long as it tries
                await store.accept(other.id, "web", f"{other.id}:{number}", "hola", "es", None)
                await asyncio.sleep(0.05)
            await erasing
        await retention.erase(left[1])
        await retention.overwrite()
        assert any(CANARY.encode() in path.read_bytes() for path in folder.iterdir()), "nothing was in the way"
    await retention.overwrite()
    assert not any(CANARY.encode() in path.read_bytes() for path in folder.iterdir())
    assert caplog.messages == ["the database is being read; what was deleted is overwritten as soon as nobody reads it"]
    async with engine.connect() as connection:
        assert await connection.scalar(text("PRAGMA busy_timeout")) == 15000


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
async def test_what_somebody_was_reading_is_overwritten_at_the_next_purge(
    engine_url: str, retention: Retention, engine: AsyncEngine, finish: Callable[..., Awaitable[str]]
) -> None:
    folder = Path(make_url(engine_url).database or "").parent
    old = await finish(0)
    impatient = open_engine(engine_url)
    event.listen(impatient.sync_engine, "connect", lambda opened, _: opened.cursor().execute("PRAGMA busy_timeout=200"))
    async with engine.connect() as reader:
        await reader.execute(text("BEGIN"))
        await reader.execute(select(Conversation.id))
        await Retention(impatient, 30, 7, forget_ids).erase(old)
        assert any(CANARY.encode() in path.read_bytes() for path in folder.iterdir()), "nothing was in the way"
    assert await retention.purge() == Purged(0, 0)
    await impatient.dispose()
    assert not any(CANARY.encode() in path.read_bytes() for path in folder.iterdir())


@pytest.mark.parametrize(
    ("how", "change"),
    [
        ("erase", {"legal_hold": True}),
        ("purge", {"legal_hold": True}),
        ("purge", {"owner": "waiting"}),
        ("purge", {"last_at": now()}),
    ],
)
async def test_what_changes_while_it_is_being_deleted_comes_first_or_too_late(
    engine: AsyncEngine,
    retention: Retention,
    finish: Callable[..., Awaitable[str]],
    monkeypatch: pytest.MonkeyPatch,
    how: str,
    change: dict[str, Any],
) -> None:
    old = await finish(31)
    really_delete, others = deleting._delete, []

    async def somebody_is_faster(*arguments: Any) -> None:
        async def somebody() -> None:
            async with engine.begin() as connection:
                await connection.execute(update(Conversation).where(Conversation.id == old).values(**change))

        others.append(asyncio.create_task(somebody()))
        done, _ = await asyncio.wait(others, timeout=0.5)
        assert not done, "it was changed after it was chosen"
        await really_delete(*arguments)

    monkeypatch.setattr(deleting, "_delete", somebody_is_faster)
    await (retention.purge() if how == "purge" else retention.erase(old))
    await asyncio.gather(*others)
    assert await ids(engine) == set()
