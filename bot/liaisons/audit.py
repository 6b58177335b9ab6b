"""What people did, written down for good. The database refuses to change it (migration 0003)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import Text, cast, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.database.tables import now
from bot.liaisons.access import Who
from bot.liaisons.tables import AuditEntry, Liaison

Action = Literal[
    "sign_in",
    "sign_in_failed",
    "sign_out",
    "view",
    "search",
    "claim",
    "transfer",
    "release",
    "hand_back",
    "close",
    "reopen",
    "retry",
    "note",
    "label",
    "export",
    "contact",
    "callback_done",
    "hold",
    "purge",
    "settings",
    "account",
    "audit",
    "figures",
]
"""contact: a callback's contact was shown. settings: canned replies, or one's own account. account: somebody else's."""

PAGE = 100
_READS_ON = dt.timedelta(hours=12)
"""For so long an open page counts as read once: a session lasts no longer."""


async def record(
    connection: AsyncConnection,
    action: Action,
    who: Who | int | None,
    department: str | None = None,
    conversation_id: str | None = None,
    departments: Sequence[str] | None = None,
    **detail: Any,
) -> None:
    """Add an entry, in the transaction of what was done. `detail` never has a resident's words.

    `who`: None for the command line, or for somebody who isn't signed in. `departments`: whose supervisors read it,
    where it is of no department; if not given, those of `who`.
    """
    if department is None and departments is None:
        if isinstance(who, Who):
            departments = who.departments
        elif who is not None:
            departments = await connection.scalar(select(Liaison.departments).where(Liaison.id == who))
    await connection.execute(
        insert(AuditEntry).values(
            action=action,
            liaison_id=who.id if isinstance(who, Who) else who,
            department=department,
            departments=None if departments is None else list(departments),
            conversation_id=conversation_id,
            detail=detail or None,
        )
    )


async def has_viewed(connection: AsyncConnection, who: Who, conversation_id: str) -> bool:
    """Whether it is written down that they read the conversation, within the last 12 hours."""
    query = (
        select(AuditEntry.id)
        .where(
            AuditEntry.conversation_id == conversation_id,
            AuditEntry.liaison_id == who.id,
            AuditEntry.action == "view",
            AuditEntry.at > now() - _READS_ON,
        )
        .limit(1)
    )
    return await connection.scalar(query) is not None


async def has_found(connection: AsyncConnection, who: Who) -> set[str]:
    """The conversations of which it is written down that a search showed them, within the last 12 hours."""
    query = select(AuditEntry.detail).where(
        AuditEntry.liaison_id == who.id, AuditEntry.action == "search", AuditEntry.at > now() - _READS_ON
    )
    return {each for detail in await connection.scalars(query) for each in (detail or {}).get("conversations", [])}


async def entries(
    connection: AsyncConnection,
    who: Who,
    before: int | None = None,
    action: str | None = None,
    conversation_id: str | None = None,
) -> Sequence[Any]:
    """The newest entries that `who` may read, at most PAGE, each with `name`; `before` is the id of the last one seen.

    Those of their departments, and of those of no department (sign-ins, accounts) the ones by or about somebody who
    shared a department with them then, or nobody. Of older entries, which don't say so: who shares one now.
    """
    people = (await connection.execute(select(Liaison.id, Liaison.departments))).all()
    colleagues = [row.id for row in people if set(row.departments) & set(who.departments)]
    of_nobody = AuditEntry.liaison_id.is_(None) & (
        (AuditEntry.action != "account") | AuditEntry.detail["account"].as_integer().in_(colleagues)
    )
    theirs = or_(
        *(cast(AuditEntry.departments, Text).contains(f'"{each}"', autoescape=True) for each in who.departments),
        AuditEntry.departments.is_(None) & (AuditEntry.liaison_id.in_(colleagues) | of_nobody),
    )
    query = (
        select(AuditEntry, Liaison.name)
        .outerjoin(Liaison, Liaison.id == AuditEntry.liaison_id)
        .where(AuditEntry.department.in_(who.departments) | (AuditEntry.department.is_(None) & theirs))
        .order_by(AuditEntry.id.desc())
        .limit(PAGE)
    )
    if conversation_id:
        # A search shows many conversations' words in one entry.
        in_it = cast(AuditEntry.detail, Text).contains(f'"{conversation_id}"', autoescape=True)
        found = (AuditEntry.action == "search") & in_it
        query = query.where((AuditEntry.conversation_id == conversation_id) | found)
    if before is not None:
        query = query.where(AuditEntry.id < before)
    if action:
        query = query.where(AuditEntry.action == action)
    return (await connection.execute(query)).all()
