"""Whether a person helped, in two taps."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.conversations.ownership import Also
from bot.conversations.tables import Handoff
from bot.errors import Conflict
from bot.i18n import N_


def rating(conversation_id: str, helpful: bool, why: str | None = None) -> Also:
    """As a part of a transaction: whether the last person who had the conversation helped; again adds `why`.

    Raises Conflict where none had it yet.
    """
    last = (
        select(Handoff.id)
        .where(
            Handoff.conversation_id == conversation_id, Handoff.ended_at.is_not(None), Handoff.claimed_at.is_not(None)
        )
        .order_by(Handoff.id.desc())
        .limit(1)
        .scalar_subquery()
    )

    async def rate(connection: AsyncConnection) -> None:
        rated = await connection.execute(
            update(Handoff).where(Handoff.id == last).values(helpful=helpful, helpful_why=why).returning(Handoff.id)
        )
        if rated.first() is None:
            raise Conflict(message=N_("There is nothing to rate yet: no person has finished with this chat."))

    return rate


async def rate(engine: AsyncEngine, conversation_id: str, helpful: bool, why: str | None) -> None:
    """The same in a transaction of its own."""
    async with engine.begin() as connection:
        await rating(conversation_id, helpful, why)(connection)
