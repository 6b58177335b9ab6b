"""What people did, written down for good. The database refuses to change it (migration 0003)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

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
    "erase",
    "purge",
    "settings",
    "account",
    "audit",
    "figures",
]
"""contact: a callback's contact was shown. settings: canned replies, or one's own account. account: somebody else's."""

PAGE = 100


async def record(
    connection: AsyncConnection,
    action: Action,
    who: Who | int | None,
    department: str | None = None,
    conversation_id: str | None = None,
    **detail: Any,
) -> None:
    """Add an entry, in the transaction of what was done. `detail` never has a resident's words.

    `who`: None for the command line, or for somebody who isn't signed in.
    """
    await connection.execute(
        insert(AuditEntry).values(
            action=action,
            liaison_id=who.id if isinstance(who, Who) else who,
            department=department,
            conversation_id=conversation_id,
            detail=detail or None,
        )
    )


async def entries(
    connection: AsyncConnection, who: Who, before: int | None = None, action: str | None = None
) -> Sequence[Any]:
    """The newest entries that `who` may read, at most PAGE, each with `name`; `before` is the id of the last one seen.

    Those of their departments, and those of no department (sign-ins, accounts).
    """
    query = (
        select(AuditEntry, Liaison.name)
        .outerjoin(Liaison, Liaison.id == AuditEntry.liaison_id)
        .where(or_(AuditEntry.department.in_(who.departments), AuditEntry.department.is_(None)))
        .order_by(AuditEntry.id.desc())
        .limit(PAGE)
    )
    if before is not None:
        query = query.where(AuditEntry.id < before)
    if action:
        query = query.where(AuditEntry.action == action)
    return (await connection.execute(query)).all()
