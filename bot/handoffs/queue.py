"""Who waits for a person, and for whom: flagged ones first, then those who have waited longest."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from bot.conversations.tables import Conversation, Handoff, Message
from bot.handoffs.access import is_there
from bot.liaisons.access import Who
from bot.liaisons.sessions import present_liaisons
from bot.liaisons.tables import Liaison
from bot.text import shortened

Place = Literal["yours", "for_you", "for_others", "with_others"]
SUMMARY_CHARS = 100


@dataclass(frozen=True)
class Entry:
    """One conversation, as the queue shows it."""

    id: str
    place: Place
    """yours; waiting and for you; waiting and for a colleague who is there and speaks the language; a colleague's."""
    department: str
    language: str
    flag: str | None
    topic: str | None
    channel: str
    summary: str | None
    """The beginning of what the resident agreed to pass on; None where they passed no summary on."""
    summary_language: str
    since: dt.datetime
    """When the resident asked for a person."""
    liaison: str | None
    answered: bool
    """Whether the last word is a person's of the department."""
    nobody_speaks_it: bool
    """No one on duty helps in the resident's language: it is for everyone then."""


async def queue(connection: AsyncConnection, who: Who) -> list[Entry]:
    """Every running handoff of the departments of `who`, in the order in which they should be taken up."""
    said = aliased(Message)
    last = (
        select(func.max(said.number))
        .where(said.conversation_id == Conversation.id, said.author.in_(("resident", "liaison")))
        .correlate(Conversation)
        .scalar_subquery()
    )
    query = (
        select(
            Conversation.id,
            Conversation.department,
            Conversation.language,
            Conversation.channel,
            Conversation.owner,
            Conversation.liaison_id,
            Handoff.flag,
            Handoff.topic,
            Handoff.summary,
            Handoff.language.label("summary_language"),
            Handoff.requested_at,
            Liaison.name,
            Message.author,
        )
        .join(Handoff, (Handoff.conversation_id == Conversation.id) & Handoff.ended_at.is_(None))
        .outerjoin(Liaison, Liaison.id == Conversation.liaison_id)
        .outerjoin(Message, (Message.conversation_id == Conversation.id) & (Message.number == last))
        .where(
            Conversation.owner.in_(("waiting", "liaison")),
            Conversation.department.in_(who.departments),
            is_there(),
        )
        # False sorts before true on both engines.
        .order_by(Handoff.flag.is_(None), Handoff.requested_at, Conversation.id)
    )
    rows = (await connection.execute(query)).all()
    spoken = {name: await _spoken(connection, name) for name in {row.department for row in rows}}
    return [_entry(row, who, spoken[row.department]) for row in rows]


async def _spoken(connection: AsyncConnection, department: str) -> set[str]:
    """The languages in which somebody who is there can help."""
    return {language for row in await present_liaisons(connection, department) for language in row.languages}


def _entry(row: Any, who: Who, spoken: set[str]) -> Entry:
    nobody = row.language not in spoken
    place: Place
    if row.owner == "liaison":
        place = "yours" if row.liaison_id == who.id else "with_others"
    else:
        place = "for_you" if nobody or row.language in who.languages else "for_others"
    return Entry(
        id=row.id,
        place=place,
        department=row.department,
        language=row.language,
        flag=row.flag,
        topic=row.topic,
        channel=row.channel,
        summary=shortened(row.summary, SUMMARY_CHARS) if row.summary else None,
        summary_language=row.summary_language,
        since=row.requested_at,
        liaison=row.name,
        answered=row.author == "liaison",
        nobody_speaks_it=nobody and row.owner == "waiting",
    )


async def colleagues(connection: AsyncConnection, who: Who, department: str) -> Sequence[Any]:
    """Those to whom a conversation of the department can be given: there is an account that may see it."""
    query = select(Liaison).where(Liaison.active, Liaison.id != who.id).order_by(Liaison.name, Liaison.id)
    return [row for row in (await connection.execute(query)).all() if department in row.departments]
