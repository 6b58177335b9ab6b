"""What is on its way to the channels: taken by lease, tried again, given up after a while, never sent twice."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Select, case, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.orm import aliased

from bot.conversations.ownership import Also
from bot.conversations.tables import Message, Outbox
from bot.database.tables import now
from bot.errors import Conflict

LEASE_S = 60.0

# Made once: to make an alias takes longer than most queries, and each turn asks several times.
_earlier = aliased(Outbox)
_before = select(_earlier.id).where(
    _earlier.conversation_id == Outbox.conversation_id, _earlier.id < Outbox.id, _earlier.state == "pending"
)


class OutboxStore:
    """The rows of the outbox. Every method is one transaction."""

    def __init__(self, engine: AsyncEngine, deliver_for_s: float = 86400) -> None:
        """`deliver_for_s`: seconds after which a message that could not be sent counts as failed."""
        self._engine = engine
        self._deliver_for = dt.timedelta(seconds=deliver_for_s)

    async def lease(self, channel: str, busy: Collection[str] = (), limit: int = 50) -> Sequence[Any]:
        """Take rows of a channel that are due, oldest first: no other sender gets them within LEASE_S.

        None of a conversation in `busy`, and none that an earlier one of its conversation is still before.
        """
        moment = now()
        waits = _before.where(or_(_earlier.due_at > moment, _earlier.leased_until > moment)).exists()
        due = (
            select(Outbox.id)
            .where(
                Outbox.state == "pending",
                Outbox.channel == channel,
                Outbox.due_at <= moment,
                or_(Outbox.leased_until.is_(None), Outbox.leased_until <= moment),
                Outbox.conversation_id.not_in(list(busy)),
                ~waits,
            )
            .order_by(Outbox.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        async with self._engine.begin() as connection:
            taken = await connection.execute(
                update(Outbox)
                .where(Outbox.id.in_(due.scalar_subquery()))
                .values(leased_until=moment + dt.timedelta(seconds=LEASE_S))
                .returning(*Outbox.__table__.c)
            )
            return sorted(taken.all(), key=lambda row: int(row.id))

    async def sent(self, ids: Sequence[int]) -> None:
        """The channel has taken these."""
        async with self._engine.begin() as connection:
            await connection.execute(
                update(Outbox)
                # Not what its channel has said of meanwhile that it did not arrive.
                .where(Outbox.id.in_(ids), Outbox.state == "pending", Outbox.leased_until.is_not(None))
                .values(state="sent", sent_at=now(), leased_until=None, attempts=Outbox.attempts + 1)
            )

    async def release(self, ids: Sequence[int]) -> None:
        """These were leased and not tried."""
        async with self._engine.begin() as connection:
            await connection.execute(update(Outbox).where(Outbox.id.in_(ids)).values(leased_until=None))

    async def postpone(self, outbox_id: int, wait_s: float, reason: str | None = None) -> list[str]:
        """It could not be sent: try it again after `wait_s` seconds, or give it up if it is too old.

        Returns its conversation, if it was given up.
        """
        async with self._engine.begin() as connection:
            await connection.execute(
                update(Outbox)
                .where(Outbox.id == outbox_id, Outbox.state == "pending")
                .values(
                    attempts=Outbox.attempts + 1,
                    due_at=now() + dt.timedelta(seconds=wait_s),
                    leased_until=None,
                    reason=reason,
                )
            )
            too_old = Outbox.created_at <= now() - self._deliver_for
            return await self._fail(connection, Outbox.id == outbox_id, too_old)

    async def give_up(self, outbox_id: int, reason: str) -> list[str]:
        """It can't be sent, now or later, for a `reason` as the channel names it. Returns its conversation."""
        async with self._engine.begin() as connection:
            return await self._fail(connection, Outbox.id == outbox_id, reason=reason)

    async def keep(self, outbox_id: int, reason: str, still: Select[str] | None = None) -> bool:
        """It may not be sent before the resident writes.

        `still` selects its conversation's id as long as they have not. Where they did meanwhile it is not kept but due
        again, and this returns False.
        """
        async with self._engine.begin() as connection:
            of_row = (Outbox.id == outbox_id, Outbox.state == "pending")
            # Locked, so that no webhook releases what is kept between the look and the update.
            silent = [] if still is None else [Outbox.conversation_id == still.with_for_update().scalar_subquery()]
            kept = await connection.execute(
                update(Outbox)
                .where(*of_row, *silent)
                .values(state="kept", leased_until=None, reason=reason)
                .returning(Outbox.id)
            )
            if kept.first() is not None:
                return True
            await connection.execute(update(Outbox).where(*of_row).values(leased_until=None))
            return False

    async def retry(self, conversation_id: str, number: int, also: Also | None = None) -> None:
        """A liaison has a failed message tried again, from the beginning; raises Conflict where it isn't failed.

        `also`: more to do in the same transaction.
        """
        message = (
            select(Message.id)
            .where(Message.conversation_id == conversation_id, Message.number == number)
            .scalar_subquery()
        )
        async with self._engine.begin() as connection:
            again = await connection.execute(
                update(Outbox)
                .where(Outbox.message_id == message, Outbox.state == "failed")
                .values(state="pending", attempts=0, due_at=now(), created_at=now(), leased_until=None, reason=None)
                .returning(Outbox.id)
            )
            if again.first() is None:
                raise Conflict
            if also:
                await also(connection)

    async def next_due(self, channel: str, busy: Collection[str] = ()) -> dt.datetime | None:
        """When `lease` may next find a row, but for those of a conversation in `busy`; None if there is none."""
        free_at = case((Outbox.leased_until > Outbox.due_at, Outbox.leased_until), else_=Outbox.due_at)
        query = select(func.min(free_at)).where(
            Outbox.state == "pending",
            Outbox.channel == channel,
            Outbox.conversation_id.not_in(list(busy)),
            ~_before.exists(),
        )
        async with self._engine.connect() as connection:
            first: dt.datetime | None = await connection.scalar(query)
            return first

    @staticmethod
    async def _fail(connection: AsyncConnection, *which: Any, reason: str | None = None) -> list[str]:
        failed = await connection.execute(
            update(Outbox)
            .where(Outbox.state == "pending", *which)
            .values(state="failed", leased_until=None, reason=func.coalesce(reason, Outbox.reason))
            .returning(Outbox.conversation_id)
        )
        return sorted(set(failed.scalars()))
