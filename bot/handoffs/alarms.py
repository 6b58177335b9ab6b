"""Alarms about residents who wait to be taken up, or for a liaison's answer: again and again, until somebody comes. And
one, by the same ways, about a resident who wants to be called back.

An alarm is raised in the database first, one delivery for each way that is set up, and each delivery is tried until it
succeeds, is given up, or is needless since somebody came. No alarm has a word of a resident.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.conversations.delivery import backoff_s
from bot.conversations.tables import Handoff
from bot.database.tables import now
from bot.handoffs.tables import AlarmDelivery, Callback
from bot.problems import kind_and_place

log = logging.getLogger(__name__)
MAX_ATTEMPTS = 8
_LEASE = dt.timedelta(seconds=60)


@dataclass(frozen=True)
class Alarm:
    """What an alarm says."""

    delivery: str
    """What this delivery is called; the same when it is tried again, and never that of another."""
    handoff: int | None
    callback: int | None
    """Id of the wish to be called back that it is about; None where it is about a handoff."""
    conversation: str
    department: str
    language: str
    flag: str | None
    claimed: bool
    """Whether a liaison has the conversation, and doesn't answer."""
    waiting_s: int
    number: int
    """The how manieth alarm about this resident it is."""

    @property
    def path(self) -> str:
        """Of the console's page that shows what it is about."""
        return f"/console/conversations/{self.conversation}" if self.callback is None else "/console/callbacks"


Send = Callable[[Alarm], Awaitable[None]]
"""One way to deliver an alarm; raises what went wrong."""
Opening = Callable[[str, dt.datetime], dt.datetime | None]
"""When a department is there next, if it isn't at a moment; else None."""


class Alarms:
    """Raises and delivers them."""

    def __init__(self, engine: AsyncEngine, every_s: float, ways: Mapping[str, Send]) -> None:
        """`ways`: email, webhook, or none; consoles are told besides."""
        self._engine = engine
        self._every = dt.timedelta(seconds=every_s)
        self._ways = ways

    async def raise_due(self, opening: Opening = lambda *_: None) -> Sequence[str]:
        """Raise those that are due, and return the handoffs' conversations' ids. Of two who do so at once, one raises
        each.

        After the first, an alarm about a resident who isn't in danger waits for the `opening` of a department.
        """
        moment = now()
        unanswered = Handoff.alarm_at.is_(None) & (Handoff.unanswered_since <= moment - self._every)
        async with self._engine.begin() as connection:
            due = await connection.execute(
                update(Handoff)
                .where(
                    Handoff.ended_at.is_(None),
                    or_(Handoff.alarm_at <= moment, Handoff.liaison_id.is_not(None) & unanswered),
                )
                .values(alarm_at=moment + self._every, alarms=Handoff.alarms + 1)
                .returning(Handoff.id, Handoff.alarms, Handoff.conversation_id, Handoff.department, Handoff.flag)
            )
            rows = due.all()
            for row in rows:
                if row.flag is None and (opens_at := opening(row.department, moment + self._every)):
                    await connection.execute(update(Handoff).where(Handoff.id == row.id).values(alarm_at=opens_at))
            about = [{"handoff_id": row.id, "callback_id": None, "number": row.alarms} for row in rows]
            if self._ways:
                about += await self._wishes(connection, moment)
            deliveries = [{**each, "way": way, "due_at": moment} for each in about for way in self._ways]
            if deliveries:
                await connection.execute(insert(AlarmDelivery), deliveries)
        return [row.conversation_id for row in rows if row.conversation_id]

    async def _wishes(self, connection: AsyncConnection, moment: dt.datetime) -> list[dict[str, int | None]]:
        """The wishes to be called back that nobody was told of yet, as alarms."""
        told = await connection.execute(
            update(Callback)
            .where(Callback.told_at.is_(None), Callback.done_at.is_(None))
            .values(told_at=moment)
            .returning(Callback.id)
        )
        return [{"handoff_id": None, "callback_id": each, "number": 1} for each in told.scalars()]

    @property
    def ways(self) -> Sequence[str]:
        """Those that are set up."""
        return list(self._ways)

    async def deliver(self, way: str) -> None:
        """Deliver by this way what is due, residents in danger first."""
        for row, alarm, attempts in await self._lease(way):
            if await self._is_needless(row):  # somebody came while those before it were delivered
                continue
            try:
                await self._ways[way](alarm)
            except Exception as error:  # whatever it is, it is tried again
                log.error("an alarm could not be delivered by %s: %s", way, kind_and_place(error))
                await self._failed(row, attempts + 1)
            else:
                await self._set(row, state="sent", attempts=attempts + 1)

    async def _is_needless(self, delivery: int) -> bool:
        query = select(AlarmDelivery.id).where(AlarmDelivery.id == delivery, _about(_taken_up()))
        async with self._engine.connect() as connection:
            return await connection.scalar(query) is not None

    async def _lease(self, way: str) -> list[tuple[int, Alarm, int]]:
        """What is due, with the id and the attempts of its row, put off meanwhile: if this process ends, it is due
        again. What is needless is dropped.
        """
        moment = now()
        pending = (AlarmDelivery.state == "pending", AlarmDelivery.due_at <= moment)
        async with self._engine.begin() as connection:
            await connection.execute(
                delete(AlarmDelivery).where(
                    (AlarmDelivery.state == "pending") & _about(_taken_up()) | _about(Handoff.ended_at.is_not(None))
                )
            )
            leased = await connection.execute(
                update(AlarmDelivery)
                .where(*pending, AlarmDelivery.way == way)
                .values(due_at=moment + _LEASE)
                .returning(AlarmDelivery.id)
            )
            conversation = func.coalesce(Handoff.conversation_id, Callback.conversation_id)
            query = (
                select(
                    AlarmDelivery.id,
                    AlarmDelivery.key,
                    AlarmDelivery.number,
                    AlarmDelivery.attempts,
                    AlarmDelivery.handoff_id,
                    AlarmDelivery.callback_id,
                    conversation.label("conversation"),
                    func.coalesce(Handoff.department, Callback.department).label("department"),
                    func.coalesce(Handoff.language, Callback.language).label("language"),
                    Handoff.flag,
                    Handoff.liaison_id,
                    func.coalesce(Handoff.unanswered_since, Handoff.requested_at, Callback.created_at).label("since"),
                )
                .outerjoin(Handoff, Handoff.id == AlarmDelivery.handoff_id)
                .outerjoin(Callback, Callback.id == AlarmDelivery.callback_id)
                .where(AlarmDelivery.id.in_(leased.scalars().all()), conversation.is_not(None))
                .order_by(Handoff.flag.is_(None), AlarmDelivery.id)
            )
            rows = (await connection.execute(query)).all()
        return [
            (
                row.id,
                Alarm(
                    delivery=row.key,
                    handoff=row.handoff_id,
                    callback=row.callback_id,
                    conversation=row.conversation,
                    department=row.department,
                    language=row.language,
                    flag=row.flag,
                    claimed=row.liaison_id is not None,
                    waiting_s=int((moment - row.since).total_seconds()),
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


def _taken_up() -> ColumnElement[bool]:
    """Of a handoff: nobody need be alarmed about it now."""
    return Handoff.ended_at.is_not(None) | (Handoff.liaison_id.is_not(None) & Handoff.alarm_at.is_(None))


def _about(handoff: ColumnElement[bool]) -> ColumnElement[bool]:
    """Of a delivery: it is about such a handoff, or about a callback that was made."""
    # Looked up for each delivery: these are only of what runs, of handoffs and callbacks there are ever more.
    its_handoff = select(Handoff.id).where(Handoff.id == AlarmDelivery.handoff_id, handoff)
    made = select(Callback.id).where(Callback.id == AlarmDelivery.callback_id, Callback.done_at.is_not(None))
    return its_handoff.exists() | made.exists()
