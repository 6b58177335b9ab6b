"""What has to happen by itself around handoffs: alarms, word to those who wait in vain, deletion."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.conversations.ownership import lock, write
from bot.conversations.tables import Conversation, Handoff
from bot.database.tables import now
from bot.handoffs.alarms import Alarms
from bot.handoffs.desk import notice
from bot.handoffs.hours import OfficeHours
from bot.handoffs.retention import Retention
from bot.problems import kind_and_place
from bot.rendering.renderer import Renderer

log = logging.getLogger(__name__)
_EVERY_S = 1.0
_PURGE_EVERY_S = 3600.0


class Keeper:
    """Runs beside the server."""

    def __init__(
        self,
        engine: AsyncEngine,
        renderer: Renderer,
        alarms: Alarms,
        retention: Retention,
        patience_s: float,
        finish_leaving: Callable[[], Awaitable[None]],
        forget: Callable[[str], Awaitable[None]],
        publish: Callable[[str, str], None],
    ) -> None:
        """`finish_leaving` erases what residents have left, where that was cut off; `forget` has Rasa forget a
        conversation; `publish(conversation, event)` tells the consoles.
        """
        self._engine = engine
        self._renderer = renderer
        self._alarms = alarms
        self._retention = retention
        self._patience = dt.timedelta(seconds=patience_s)
        self._finish_leaving = finish_leaving
        self._forget = forget
        self._publish = publish

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep on until the end of the block."""
        rounds = [
            self._repeat(_EVERY_S, self.tell_those_who_wait, self.raise_alarms),
            # Each way by itself: a mail server that hangs holds up no webhook.
            *(self._repeat(_EVERY_S, partial(self._alarms.deliver, way)) for way in self._alarms.ways),
            self._repeat(_EVERY_S * 5, self._finish_leaving, self._forgetting, self._retention.overwrite),
            self._repeat(_PURGE_EVERY_S, self.purge),
        ]
        tasks = [asyncio.create_task(each) for each in rounds]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def tell_those_who_wait(self) -> None:
        """Once to each whom nobody took up in time, of office hours: that it is so, and that somebody can call them."""
        moment = now()
        async with self._engine.connect() as connection:
            query = (
                select(
                    Handoff.id,
                    Conversation.id.label("conversation"),
                    Conversation.department,
                    Conversation.language,
                    Conversation.channel,
                    Handoff.requested_at,
                )
                .join(Conversation, Conversation.id == Handoff.conversation_id)
                .where(
                    Conversation.owner == "waiting",
                    Handoff.ended_at.is_(None),
                    Handoff.told_at.is_(None),
                    Handoff.replied_at.is_(None),
                    Handoff.requested_at < moment - self._patience,
                )
            )
            rows = (await connection.execute(query)).all()
        for row in rows:
            hours = self._hours(row.department)
            if hours and hours.open_seconds(row.requested_at, moment) < self._patience.total_seconds():
                continue
            try:
                await self._tell(row)
            except Exception as error:  # the others are told all the same, and the next round tries again
                log.error("somebody who waits could not be told: %s", kind_and_place(error))

    async def _tell(self, row: Any) -> None:
        told = notice(self._renderer.notices.nobody_came(row.department, row.language, row.channel))
        async with self._engine.begin() as connection:
            await lock(connection, row.conversation)
            first = await connection.execute(
                update(Handoff)
                .where(
                    Handoff.id == row.id,
                    Handoff.told_at.is_(None),
                    Handoff.liaison_id.is_(None),
                    Handoff.ended_at.is_(None),
                )
                .values(told_at=now())
                .returning(Handoff.id)
            )
            if first.first() is not None:
                await write(connection, row.conversation, "notice", told.text, told.language, told.reply)
        self._publish(row.conversation, "changed")

    async def purge(self) -> None:
        """Delete what is due."""
        await self._retention.purge()

    def _hours(self, department: str) -> OfficeHours | None:
        """None where the department is no longer in the content: then all time counts."""
        known = self._renderer.library.departments.get(department)
        return OfficeHours(known.profile) if known else None

    def _next_opening(self, department: str, at: dt.datetime) -> dt.datetime | None:
        hours = self._hours(department)
        return hours.next_opening(at) if hours else None

    async def raise_alarms(self) -> None:
        """Raise those that are due, and have the consoles sound."""
        for conversation_id in await self._alarms.raise_due(self._next_opening):
            self._publish(conversation_id, "alarm")

    async def _forgetting(self) -> None:
        await self._retention.forget(self._forget)

    async def _repeat(self, every_s: float, *work: Callable[[], Awaitable[None]]) -> None:
        while True:
            for each in work:
                try:
                    await each()
                except Exception as error:  # the next round tries again
                    log.error("%s failed: %s", getattr(each, "__name__", "a round"), kind_and_place(error))
            await asyncio.sleep(every_s)
