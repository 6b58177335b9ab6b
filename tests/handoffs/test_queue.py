"""Guards what the queue says of each conversation, so that one can be told from another."""

from __future__ import annotations

import pytest
from handed_over import Hand
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.conversations.tables import Handoff
from bot.handoffs.queue import queue
from bot.liaisons.access import Who

ANA = Who(1, "Ana", {}, False, "liaison", ("kent-wa",), ("es",), True, "", "", "es")


@pytest.mark.parametrize(
    ("summary", "shown"),
    [
        ("Me cobran y dicen que llamarán", "Me cobran y dicen que llamarán"),
        ("palabras " * 30, "palabras " * 10 + "palabras…"),
        (None, None),
    ],
)
async def test_an_entry_has_the_beginning_of_what_the_resident_agreed_to_pass_on_and_the_channel(
    engine: AsyncEngine, hand: Hand, summary: str | None, shown: str | None
) -> None:
    await hand(said="no se pasa", whole=True)
    async with engine.begin() as connection:
        await connection.execute(update(Handoff).values(summary=summary))
        entries = await queue(connection, ANA)
    assert [(entry.channel, entry.summary, entry.summary_language) for entry in entries] == [("web", shown, "es")]
