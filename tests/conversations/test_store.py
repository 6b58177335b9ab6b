"""Guards the store on both engines: access, duplicates, numbering, order, all-or-nothing, erasure."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.whatsapp.intake import forget_ids
from bot.conversations.outbox import OutboxStore
from bot.conversations.store import NewConversation, Pending, Store
from bot.database.tables import Base
from bot.errors import NotFound, Unauthorized
from bot.handoffs.retention import Retention

CANARY = "canario-amarillo-7421"


async def new(store: Store) -> NewConversation:
    return await store.create("kent-wa", "web", "es", chosen=False)


async def accept(store: Store, conversation: NewConversation, provider_id: str, said: str = "hola") -> int:
    return await store.accept(conversation.id, "web", provider_id, said, "es", None)


async def pending(store: Store, conversation: NewConversation) -> Pending:
    found = await store.pending(conversation.id)
    assert found is not None
    return found


def reply(said: str = "respuesta") -> dict[str, Any]:
    return {"kind": "answer", "department": "kent-wa", "language": "es", "text": said}


async def count(engine: AsyncEngine) -> dict[str, int]:
    async with engine.connect() as connection:
        return {
            name: await connection.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
        }


async def numbers(store: Store, conversation: NewConversation) -> list[int]:
    return [row.number for row in await store.messages(conversation.id)]


# --- access ------------------------------------------------------------------------------------------------------


async def test_the_token_opens_its_conversation(store: Store) -> None:
    conversation = await new(store)
    row = await store.access(conversation.id, conversation.token)
    assert (row.id, row.department, row.language, row.language_chosen, row.owner) == (
        conversation.id,
        "kent-wa",
        "es",
        False,
        "bot",
    )


async def test_a_wrong_token_and_an_unknown_id_are_the_same_error(store: Store) -> None:
    mine, other = await new(store), await new(store)
    raised = []
    for conversation_id, token in ((mine.id, other.token), (mine.id, ""), ("no-such-id", mine.token)):
        with pytest.raises(Unauthorized) as error:
            await store.access(conversation_id, token)
        raised.append((error.value.code, error.value.status, str(error.value), error.value.details))
    assert len(set(map(str, raised))) == 1


async def test_no_token_is_stored(engine: AsyncEngine, store: Store) -> None:
    conversation = await new(store)
    async with engine.connect() as connection:
        row = (await connection.execute(select(Base.metadata.tables["conversations"]))).one()
    assert conversation.token not in map(str, row)


# --- accept ------------------------------------------------------------------------------------------------------


async def test_a_repeated_message_is_the_first_one(engine: AsyncEngine, store: Store) -> None:
    conversation = await new(store)
    first = await accept(store, conversation, "one", "hola")
    assert await accept(store, conversation, "one", "otra cosa") == first
    assert [row.text for row in await store.messages(conversation.id)] == ["hola"]
    assert (await count(engine))["inbox"] == 1


async def test_a_provider_id_is_unique_within_its_channel_only(store: Store) -> None:
    conversation = await new(store)
    first = await store.accept(conversation.id, "web", "one", "hola", "es", None)
    second = await store.accept(conversation.id, "whatsapp", "one", "hola", "es", None)
    assert first != second


async def test_one_message_delivered_twenty_times_at_once_is_one_row(engine: AsyncEngine, store: Store) -> None:
    conversation = await new(store)
    accepted = await asyncio.gather(*(accept(store, conversation, "same") for _ in range(20)))
    assert len(set(accepted)) == 1
    assert await numbers(store, conversation) == [1]
    assert (await count(engine))["inbox"] == 1


async def test_twenty_messages_at_once_are_numbered_without_a_hole(store: Store) -> None:
    conversation = await new(store)
    accepted = await asyncio.gather(*(accept(store, conversation, f"id-{each}") for each in range(20)))
    assert len(set(accepted)) == 20
    assert await numbers(store, conversation) == list(range(1, 21))


async def test_duplicates_among_many_leave_no_hole(store: Store) -> None:
    conversation = await new(store)
    await asyncio.gather(*(accept(store, conversation, f"id-{each % 5}") for each in range(20)))
    assert await numbers(store, conversation) == [1, 2, 3, 4, 5]


async def test_nothing_is_accepted_for_a_conversation_that_does_not_exist(engine: AsyncEngine, store: Store) -> None:
    with pytest.raises(NotFound):
        await store.accept("no-such-id", "web", "one", "hola", "es", None)
    assert sum((await count(engine)).values()) == 0


# --- turns -------------------------------------------------------------------------------------------------------


async def test_messages_have_their_turn_in_the_order_they_came(store: Store) -> None:
    conversation = await new(store)
    for each in range(3):
        await accept(store, conversation, f"id-{each}", f"mensaje {each}")
    turns = []
    while due := await store.pending(conversation.id):
        turns.append(due.text)
        await store.complete(due, reply(f"a {due.text}"), {})
    assert turns == ["mensaje 0", "mensaje 1", "mensaje 2"]
    messages = await store.messages(conversation.id)
    assert [row.text for row in messages if row.author == "bot"] == [f"a mensaje {each}" for each in range(3)]
    assert [row.in_reply_to for row in messages if row.author == "bot"] == [1, 2, 3]
    assert await store.conversations_with_pending() == []


async def test_a_closed_turn_is_found_by_its_message(store: Store) -> None:
    conversation = await new(store)
    inbox_id = await accept(store, conversation, "one")
    assert await store.reply_to(inbox_id) is None
    assert await store.conversations_with_pending() == [conversation.id]
    await store.complete(await pending(store, conversation), reply("una respuesta"), {"language": "en"})
    assert await store.reply_to(inbox_id) == {**reply("una respuesta"), "number": 2}
    assert (await store.access(conversation.id, conversation.token)).language == "en"


@pytest.mark.parametrize("broken", ["INSERT INTO messages", "INSERT INTO outbox", "UPDATE inbox"])
async def test_a_turn_closes_as_a_whole_or_not_at_all(engine: AsyncEngine, store: Store, broken: str) -> None:
    conversation = await new(store)
    await accept(store, conversation, "one")
    due = await pending(store, conversation)
    before = await count(engine)

    def fail(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(broken):
            raise ConnectionError("the database went away")

    event.listen(engine.sync_engine, "before_cursor_execute", fail)
    with pytest.raises(ConnectionError):
        await store.complete(due, reply(), {"language": "en", "owner": "waiting"})
    event.remove(engine.sync_engine, "before_cursor_execute", fail)

    assert await count(engine) == before
    assert await pending(store, conversation) == due
    await store.complete(due, reply(), {})
    assert await numbers(store, conversation) == [1, 2]


async def test_a_language_that_the_resident_chose_is_kept(store: Store) -> None:
    conversation = await new(store)
    await store.set_language(conversation.id, "en")
    row = await store.access(conversation.id, conversation.token)
    assert (row.language, row.language_chosen) == ("en", True)


# --- outbox ------------------------------------------------------------------------------------------------------


async def test_the_outbox_is_read_oldest_first_and_without_what_was_sent(store: Store) -> None:
    conversation = await new(store)
    outbox = OutboxStore(store.engine)
    for each in range(3):
        await accept(store, conversation, f"id-{each}")
        await store.complete(await pending(store, conversation), reply(), {})
    rows = await outbox.lease("web", limit=2)
    assert list(await outbox.lease("web")) == []  # nothing overtakes what is on its way
    await outbox.release([row.id for row in rows])
    rows = await outbox.lease("web")
    assert [row.id for row in rows] == sorted(row.id for row in rows)
    assert len(rows) == 3
    await outbox.sent([rows[0].id, rows[2].id])
    await outbox.release([rows[1].id])
    assert [row.id for row in await outbox.lease("web")] == [rows[1].id]


# --- time --------------------------------------------------------------------------------------------------------


async def test_moments_come_back_with_their_zone(engine: AsyncEngine, store: Store) -> None:
    conversation = await new(store)
    await accept(store, conversation, "one")
    await store.complete(await pending(store, conversation), reply(), {})
    moments = [row.created_at for row in await store.messages(conversation.id)]
    row = await store.access(conversation.id, conversation.token)
    moments += [row.created_at, row.last_at]
    async with engine.connect() as connection:
        moments += [(await connection.execute(select(Base.metadata.tables["inbox"]))).one().done_at]
    assert all(moment.utcoffset() == dt.timedelta(0) for moment in moments)
    assert all(abs(dt.datetime.now(dt.UTC) - moment) < dt.timedelta(minutes=1) for moment in moments)


# --- secrecy -----------------------------------------------------------------------------------------------------


async def test_a_database_that_fails_does_not_quote_the_resident(engine: AsyncEngine, store: Store) -> None:
    conversation = await new(store)
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE messages RENAME TO elsewhere"))
    try:
        with pytest.raises(DBAPIError) as error:
            await accept(store, conversation, "one", CANARY)
    finally:
        async with engine.begin() as connection:
            await connection.execute(text("ALTER TABLE elsewhere RENAME TO messages"))
    assert CANARY not in str(error.value)


# --- erasure -----------------------------------------------------------------------------------------------------


async def test_erasing_leaves_no_row_and_touches_no_other_conversation(engine: AsyncEngine, store: Store) -> None:
    kept, erased = await new(store), await new(store)
    for conversation in (kept, erased):
        await accept(store, conversation, f"{conversation.id}-one", "hola")
        await store.complete(await pending(store, conversation), reply(), {})
        await accept(store, conversation, f"{conversation.id}-two", "sin respuesta")
    await Retention(store.engine, 30, 7, forget_ids).erase(erased.id)
    left = {name: rows for name, rows in (await count(engine)).items() if rows}
    kept_rows = {"conversations": 1, "messages": 3, "inbox": 2, "outbox": 1}
    assert left == kept_rows | {"erasures": 1}  # nothing but a count
    assert await numbers(store, kept) == [1, 2, 3]
    with pytest.raises(Unauthorized):
        await store.access(erased.id, erased.token)


async def test_a_turn_of_an_erased_conversation_stores_nothing(engine: AsyncEngine, store: Store) -> None:
    conversation = await new(store)
    await accept(store, conversation, "one")
    due = await pending(store, conversation)
    await Retention(store.engine, 30, 7, forget_ids).erase(conversation.id)
    with pytest.raises(NotFound):
        await store.complete(due, reply(), {})
    assert {name: rows for name, rows in (await count(engine)).items() if rows} == {"erasures": 1}
