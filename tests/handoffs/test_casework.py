"""Guards what liaisons keep about a conversation, how they find one again, and that what they did is written down."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from handed_over import Hand
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.conversations.store import Store
from bot.conversations.tables import Conversation
from bot.errors import NotFound
from bot.handoffs.access import access_conversation
from bot.handoffs.casework import callbacks, excerpt, labels, search, set_label
from bot.handoffs.queue import queue
from bot.handoffs.tables import Callback
from bot.liaisons.access import Who
from bot.liaisons.audit import entries
from bot.liaisons.tables import AuditEntry

ANA = Who(1, "Ana", {}, False, "liaison", ("kent-wa",), ("es",), True, "", "", "es")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("migracion", True),
        ("MIGRACIÓN", True),
        ("Migración", True),
        ("el nino esta aqui", True),
        ("ÑANDÚ", True),
        ("100 %_", True),
        ("c:\\", True),
        ("100 %\\", False),
        ("1_0", False),
        ("migraciom", False),
    ],
)
async def test_a_message_is_found_whatever_the_case_and_the_accents(
    engine: AsyncEngine, hand: Hand, words: str, found: bool
) -> None:
    conversation = await hand(said="La MIGRACIÓN llegó. El niño está aquí; un ñandú, 100 %_ c:\\ más", whole=True)
    async with engine.begin() as connection:
        hits = await search(connection, ANA, words)
    assert [hit.conversation_id for hit in hits] == [conversation] * found


async def test_who_has_left_is_in_no_queue_and_opened_by_nobody_while_the_erase_is_owed(
    engine: AsyncEngine, hand: Hand
) -> None:
    left, held = await hand(), await hand()
    for each in (left, held):
        await Store(engine).revoke(each)
    async with engine.begin() as connection:  # the hold came a moment after
        await connection.execute(update(Conversation).where(Conversation.id == held).values(legal_hold=True))
    async with engine.connect() as connection:
        assert [entry.id for entry in await queue(connection, ANA)] == [held]
        assert (await access_conversation(connection, ANA, held)).id == held
        with pytest.raises(NotFound):
            await access_conversation(connection, ANA, left)


async def test_an_accent_may_be_missing_in_what_was_written(engine: AsyncEngine, hand: Hand) -> None:
    conversation = await hand(said="vino la migracion", whole=True)
    async with engine.begin() as connection:
        hits = await search(connection, ANA, "migración")
    assert [hit.conversation_id for hit in hits] == [conversation]


LONG = " ".join(["antes"] * 40 + ["el NIÑO está"] + ["después"] * 40)


@pytest.mark.parametrize(
    ("text", "words", "shown"),
    [
        ("El niño está aquí", "NINO", ("El ", "niño", " está aquí")),
        ("El nino esta aqui", "niño", ("El ", "nino", " esta aqui")),
        ("La Migración", "migracion", ("La ", "Migración", "")),
        ("İİİ: un ñandú", "nandu", ("İİİ: un ", "ñandú", "")),  # two letters, where it is written small
        ("a <b>b</b>", "<B>", ("a ", "<b>", "b</b>")),
        (
            LONG,
            "nino",
            ("…" + "antes " * 12 + "el ", "NIÑO", " está" + " después" * 19 + "…"),
        ),
        ("nada de eso", "otro", ("", "", "nada de eso")),
    ],
)
def test_what_a_search_found_is_shown_with_what_stands_around_it(
    text: str, words: str, shown: tuple[str, str, str]
) -> None:
    assert excerpt(text, words) == shown


async def test_who_wrote_what_a_search_finds_is_said(engine: AsyncEngine, hand: Hand) -> None:
    await hand(said="un ñandú", whole=True)
    async with engine.begin() as connection:
        hits = await search(connection, ANA, "ñandú")
    assert [(hit.author, hit.name) for hit in hits] == [("resident", None)]


async def test_a_callback_says_whether_its_conversation_may_be_read(engine: AsyncEngine, hand: Hand) -> None:
    passed_on = await hand()
    store = Store(engine)
    kept = (await store.create("kent-wa", "web", "es", chosen=False)).id
    async with engine.begin() as connection:
        for conversation in (passed_on, kept):
            wish = {"conversation_id": conversation, "department": "kent-wa", "language": "es"}
            await connection.execute(insert(Callback).values(wish))
        rows = await callbacks(connection, ANA)
    assert {row.conversation_id: row.shown_from is not None for row in rows} == {passed_on: True, kept: False}


async def test_a_label_that_two_put_on_at_once_is_there_once_and_only_changes_are_written_down(
    engine: AsyncEngine, hand: Hand
) -> None:
    conversation = await hand()

    async def put(on: bool, begun: asyncio.Barrier | None = None) -> None:
        async with engine.begin() as connection:
            of_it: Any = (await connection.execute(select(Conversation))).one()
            if begun:
                await begun.wait()
            await set_label(connection, ANA, of_it, "seguimiento", on)

    begun = asyncio.Barrier(2)
    await asyncio.gather(put(True, begun), put(True, begun))
    async with engine.connect() as connection:
        assert await labels(connection, conversation) == ["seguimiento"]
    for on in (True, False, False):
        await put(on)
    async with engine.connect() as connection:
        assert await labels(connection, conversation) == []
        details = list(await connection.scalars(select(AuditEntry.detail).order_by(AuditEntry.id)))
    assert details == [{"on": True}, {"on": False}]


async def test_who_did_what_with_a_conversation_has_the_searches_that_showed_it(
    engine: AsyncEngine, hand: Hand
) -> None:
    shown, other = await hand(said="la palabra es xilofono", whole=True), await hand(said="otra cosa", whole=True)
    async with engine.begin() as connection:
        await search(connection, ANA, "xilófono")
        await search(connection, ANA, "nada de eso")
    async with engine.connect() as connection:
        found = await entries(connection, ANA, conversation_id=shown)
        assert await entries(connection, ANA, conversation_id=other) == []
        assert await entries(connection, ANA, conversation_id=shown.replace(shown.strip("_")[0], "_", 1)) == []
    assert [(row.action, row.detail["conversations"]) for row in found] == [("search", [shown])]
