"""Alarms about residents whom nobody has taken up: again and again, until somebody does.

An alarm is raised in the database first, one delivery for each way that is set up, and each delivery is tried until it
succeeds, is given up, or is needless since somebody came. No alarm has a word of a resident.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.conversations.delivery import backoff_s
from bot.conversations.tables import Handoff
from bot.handoffs.tables import AlarmDelivery
from bot.tables import now

log = logging.getLogger(__name__)
MAX_ATTEMPTS = 8
_LEASE = dt.timedelta(seconds=60)


@dataclass(frozen=True)
class Alarm:
    """What an alarm says."""

    delivery: int
    """Id of this delivery; the same when it is tried again."""
    handoff: int
    conversation: str
    department: str
    language: str
    flag: str | None
    waiting_s: int
    number: int
    """The how manieth alarm about this resident it is."""


Send = Callable[[Alarm], Awaitable[None]]
"""One way to deliver an alarm; raises what went wrong."""


class Alarms:
    """Raises and delivers them."""

    def __init__(self, engine: AsyncEngine, every_s: float, ways: Mapping[str, Send]) -> None:
        """`ways`: email, webhook, or none; consoles are told besides."""
        self._engine = engine
        self._every = dt.timedelta(seconds=every_s)
        self._ways = ways

    async def raise_due(self) -> Sequence[str]:
        """Raise those that are due, and return their conversations' ids. Of two who do so at once, one raises each."""
        moment = now()
        async with self._engine.begin() as connection:
            due = await connection.execute(
                update(Handoff)
                .where(Handoff.alarm_at <= moment, Handoff.claimed_at.is_(None), Handoff.ended_at.is_(None))
                .values(alarm_at=moment + self._every, alarms=Handoff.alarms + 1)
                .returning(Handoff.id, Handoff.alarms, Handoff.conversation_id)
            )
            rows = due.all()
            deliveries = [
                {"handoff_id": row.id, "way": way, "number": row.alarms, "due_at": moment}
                for row in rows
                for way in self._ways
            ]
            if deliveries:
                await connection.execute(insert(AlarmDelivery), deliveries)
        return [row.conversation_id for row in rows if row.conversation_id]

    @property
    def ways(self) -> Sequence[str]:
        """Those that are set up."""
        return list(self._ways)

    async def deliver(self, way: str) -> None:
        """Deliver by this way what is due, residents in danger first."""
        for alarm, attempts in await self._lease(way):
            if await self._is_over(alarm.handoff):  # somebody came while those before it were delivered
                continue
            try:
                await self._ways[way](alarm)
            except Exception as error:  # whatever it is, it is tried again
                log.error("an alarm could not be delivered by %s: %s", way, type(error).__name__)
                await self._failed(alarm.delivery, attempts + 1)
            else:
                await self._set(alarm.delivery, state="sent", attempts=attempts + 1)

    async def _is_over(self, handoff: int) -> bool:
        query = select(Handoff.id).where(Handoff.id == handoff, _over())
        async with self._engine.connect() as connection:
            return await connection.scalar(query) is not None

    async def _lease(self, way: str) -> list[tuple[Alarm, int]]:
        """What is due, put off meanwhile: if this process ends, it is due again. What is needless is dropped."""
        moment = now()
        over = select(Handoff.id).where(_over())
        ended = select(Handoff.id).where(Handoff.ended_at.is_not(None))
        pending = (AlarmDelivery.state == "pending", AlarmDelivery.due_at <= moment)
        async with self._engine.begin() as connection:
            await connection.execute(
                delete(AlarmDelivery).where(
                    (AlarmDelivery.state == "pending") & AlarmDelivery.handoff_id.in_(over)
                    | AlarmDelivery.handoff_id.in_(ended)
                )
            )
            leased = await connection.execute(
                update(AlarmDelivery)
                .where(*pending, AlarmDelivery.way == way)
                .values(due_at=moment + _LEASE)
                .returning(AlarmDelivery.id)
            )
            query = (
                select(AlarmDelivery, Handoff)
                .join(Handoff, Handoff.id == AlarmDelivery.handoff_id)
                .where(AlarmDelivery.id.in_(leased.scalars().all()), Handoff.conversation_id.is_not(None))
                .with_only_columns(
                    AlarmDelivery.id,
                    AlarmDelivery.number,
                    AlarmDelivery.attempts,
                    Handoff.id.label("handoff"),
                    Handoff.conversation_id,
                    Handoff.department,
                    Handoff.language,
                    Handoff.flag,
                    Handoff.requested_at,
                )
                .order_by(Handoff.flag.is_(None), AlarmDelivery.id)
            )
            rows = (await connection.execute(query)).all()
        return [
            (
                Alarm(
                    delivery=row.id,
                    handoff=row.handoff,
                    conversation=row.conversation_id,
                    department=row.department,
                    language=row.language,
                    flag=row.flag,
                    waiting_s=int((moment - row.requested_at).total_seconds()),
                    number=row.number,
                ),
                row.attempts,
            )
            for row in rows
        ]

    async def _failed(self, delivery: int, attempts: int) -> None:
        if attempts >= MAX_ATTEMPTS:
            await self._set(delivery, state="failed", attempts=attempts)
        else:
            await self._set(delivery, attempts=attempts, due_at=now() + dt.timedelta(seconds=backoff_s(attempts)))

    async def _set(self, delivery: int, **values: object) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(update(AlarmDelivery).where(AlarmDelivery.id == delivery).values(**values))


def _over() -> ColumnElement[bool]:
    """Of a handoff: nobody need be alarmed about it any more."""
    return Handoff.claimed_at.is_not(None) | Handoff.ended_at.is_not(None)
