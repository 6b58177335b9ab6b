"""What is deleted, and when: conversations, what residents left to be called back, and Rasa's memory of both."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.conversations.ownership import Also, lock, locking
from bot.conversations.tables import Conversation, Handoff
from bot.database.tables import insert_unless, now
from bot.errors import NotFound, OnHold
from bot.handoffs.tables import Callback, Erasure, ToForget
from bot.liaisons.audit import record

log = logging.getLogger(__name__)
_BATCH = 200
_TRIES, _TRY_S = 20, 0.05
"""How often, and seconds apart, what was deleted is tried to be overwritten before the one who deleted goes on."""


@dataclass(frozen=True)
class Purged:
    """How many were deleted, or would be."""

    conversations: int
    contacts: int


class Retention:
    """Deletes. What is deleted is overwritten, in SQLite's write-ahead log, too."""

    def __init__(self, engine: AsyncEngine, retention_days: int, contact_days: int, also: Also) -> None:
        """Days after a conversation's last message, and after a callback was made. `also` is part of each purge."""
        self._engine = engine
        self._retention = dt.timedelta(days=retention_days)
        self._contact = dt.timedelta(days=contact_days)
        self._also = also
        self._to_overwrite = False

    async def due(self) -> Purged:
        """What `purge` would delete now."""
        async with self._engine.connect() as connection:
            conversations = await connection.scalar(select(func.count()).select_from(Conversation).where(*self._old()))
            contacts = await connection.scalar(select(func.count()).select_from(Callback).where(*self._called()))
        return Purged(conversations or 0, contacts or 0)

    async def purge(self) -> Purged:
        """Delete what is due, in batches, and write down how much.

        What somebody still waits for or works on stays, and so does a legal hold.
        """
        conversations = 0
        while ids := await self._purge_batch():
            conversations += len(ids)
        async with self._engine.begin() as connection:
            called = await connection.execute(
                update(Callback).where(*self._called()).values(contact=None, time=None).returning(Callback.id)
            )
            contacts = len(called.all())
            if contacts:
                await record(connection, "purge", None, conversations=0, contacts=contacts)
            await self._also(connection)
        await self._overwrite()  # where nothing was due, too: what somebody read at the last time couldn't be cut then
        return Purged(conversations, contacts)

    async def erase(self, conversation_id: str, rasa_later: bool = False) -> None:
        """A resident's own erase: nothing stays but a count. Raises NotFound, OnHold.

        `rasa_later`: Rasa has not forgotten it yet; `forget` sees to that.
        """
        async with self._engine.begin() as connection:
            # No legal hold slips in between the look at it and the deletion.
            await lock(connection, conversation_id)
            department = await self._erasable(connection, conversation_id)
            await self._count_erasure(connection, department)
            await connection.execute(delete(Handoff).where(Handoff.conversation_id == conversation_id))
            await _delete(connection, [conversation_id])
            if rasa_later:
                await connection.execute(insert(ToForget).values(conversation_id=conversation_id))
        await self._overwrite()

    async def overwrite(self) -> None:
        """Overwrite what was deleted while somebody read it; does nothing where nothing was."""
        if self._to_overwrite:
            await self._overwrite()

    async def check(self, conversation_id: str) -> None:
        """Raises what `erase` would, and changes nothing."""
        async with self._engine.connect() as connection:
            await self._erasable(connection, conversation_id)

    async def forget(self, forget: Callable[[str], Awaitable[None]]) -> None:
        """Have Rasa forget what was deleted here; raises what `forget` does, and the rest waits for the next time."""
        async with self._engine.connect() as connection:
            ids = list(await connection.scalars(select(ToForget.conversation_id)))
        for conversation_id in ids:
            await forget(conversation_id)
            async with self._engine.begin() as connection:
                await connection.execute(delete(ToForget).where(ToForget.conversation_id == conversation_id))

    def _old(self) -> tuple[Any, ...]:
        return (
            Conversation.last_at < now() - self._retention,
            Conversation.legal_hold.is_(False),
            Conversation.owner.in_(("bot", "closed")),
            Conversation.id.not_in(select(Callback.conversation_id).where(Callback.done_at.is_(None))),
        )

    def _called(self) -> tuple[Any, ...]:
        held = select(Conversation.id).where(Conversation.legal_hold.is_(True))
        return (
            Callback.done_at < now() - self._contact,
            Callback.contact.is_not(None),
            Callback.conversation_id.not_in(held),
        )

    async def _purge_batch(self) -> list[str]:
        async with self._engine.begin() as connection:
            # Who writes, asks for a person or sets a legal hold is first, and then the row isn't taken, or comes later,
            # and finds it gone.
            some = select(Conversation.id).where(*self._old()).limit(_BATCH)
            taken = await connection.execute(
                locking(Conversation.id.in_(some), *self._old()).returning(Conversation.id)
            )
            ids = list(taken.scalars())
            if ids:
                await _delete(connection, ids)
                await connection.execute(insert(ToForget), [{"conversation_id": each} for each in ids])
                await record(connection, "purge", None, conversations=len(ids), contacts=0)
        return ids

    @staticmethod
    async def _erasable(connection: AsyncConnection, conversation_id: str) -> str:
        query = select(Conversation.department, Conversation.legal_hold).where(Conversation.id == conversation_id)
        row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise NotFound
        if row.legal_hold:
            raise OnHold
        return str(row.department)

    @staticmethod
    async def _count_erasure(connection: AsyncConnection, department: str) -> None:
        values = {"day": now().date(), "department": department, "count": 1}
        await connection.execute(
            insert_unless(connection, Erasure)
            .values(values)
            .on_conflict_do_update(index_elements=["day", "department"], set_={"count": Erasure.count + 1})
        )

    async def _overwrite(self) -> None:
        if self._engine.dialect.name != "sqlite":
            return
        for _ in range(_TRIES):
            if await self._cut():
                self._to_overwrite = False
                return
            await asyncio.sleep(_TRY_S)
        if not self._to_overwrite:
            log.warning("the database is being read; what was deleted is overwritten as soon as nobody reads it")
        self._to_overwrite = True

    async def _cut(self) -> bool:
        """Write back and cut SQLite's write-ahead log, which still has what was deleted; False where somebody reads it.

        Whoever waits for the readers has locked the writers out already, so it doesn't wait.
        """
        async with self._engine.connect() as connection:
            patience = await connection.scalar(text("PRAGMA busy_timeout"))
            await connection.execute(text("PRAGMA busy_timeout=0"))
            try:
                busy = await connection.scalar(text("PRAGMA wal_checkpoint(TRUNCATE)"))
            finally:
                await connection.execute(text(f"PRAGMA busy_timeout={patience}"))
        return not busy


async def _delete(connection: AsyncConnection, ids: Sequence[str]) -> None:
    """Messages, notes, labels, callbacks go with the conversation; of a handoff only what the figures count stays."""
    await connection.execute(
        update(Handoff).where(Handoff.conversation_id.in_(ids)).values(summary=None, name=None, alarm_at=None)
    )
    await connection.execute(delete(Conversation).where(Conversation.id.in_(ids)))
