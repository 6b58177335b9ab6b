"""Guards the search of past conversations: whatever the case and the accents, on both engines."""

from __future__ import annotations

import pytest
from handed_over import Hand
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.conversations.tables import Conversation
from bot.handoffs.casework import search
from bot.liaisons.access import Who

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
    conversation = await hand(said="La MIGRACIÓN llegó. El niño está aquí; un ñandú, 100 %_ c:\\ más")
    async with engine.begin() as connection:
        await connection.execute(update(Conversation).values(shown_from=1))
    async with engine.begin() as connection:
        hits = await search(connection, ANA, words)
    assert [hit.conversation_id for hit in hits] == [conversation] * found


async def test_an_accent_may_be_missing_in_what_was_written(engine: AsyncEngine, hand: Hand) -> None:
    conversation = await hand(said="vino la migracion")
    async with engine.begin() as connection:
        await connection.execute(update(Conversation).values(shown_from=1))
    async with engine.begin() as connection:
        hits = await search(connection, ANA, "migración")
    assert [hit.conversation_id for hit in hits] == [conversation]
