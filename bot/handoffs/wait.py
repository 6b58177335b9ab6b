"""How long a resident may have to wait, out of how long others did."""

from __future__ import annotations

import datetime as dt
import math
import statistics

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.content.models import Department
from bot.conversations.tables import Handoff
from bot.database.tables import now
from bot.handoffs.hours import OfficeHours
from bot.replies import Outlook


async def outlook(engine: AsyncEngine, department: Department) -> Outlook:
    """For somebody who asks for a person of the department now."""
    moment, hours = now(), OfficeHours(department)
    async with engine.connect() as connection:
        return Outlook(await expected_wait(connection, department.id, hours, moment), hours.next_opening(moment))


_LAST = 20
_FEWEST = 5
_DAYS = 30


async def expected_wait(
    connection: AsyncConnection, department: str, hours: OfficeHours, at: dt.datetime
) -> float | None:
    """Seconds, of office hours alone, within which half of the last who asked had a person.

    None where too few asked, or fewer than half had a person: who waits still, or gave up, counts as one to whom nobody
    has come. Else only quick answers would count, and who gave up soon as if they had been answered.
    """
    query = (
        select(Handoff.requested_at, Handoff.claimed_at)
        .where(
            Handoff.department == department,
            Handoff.requested_at > at - dt.timedelta(days=_DAYS),
            Handoff.requested_at < at,
            # One that a liaison took up again was never waited for.
            Handoff.claimed_at.is_(None) | (Handoff.claimed_at > Handoff.requested_at),
            Handoff.outcome.is_distinct_from("replaced"),
        )
        .order_by(Handoff.requested_at.desc())
        .limit(_LAST)
    )
    rows = (await connection.execute(query)).all()
    if len(rows) < _FEWEST:
        return None
    median = statistics.median(
        math.inf if row.claimed_at is None else hours.open_seconds(row.requested_at, row.claimed_at) for row in rows
    )
    return None if median == math.inf else median
