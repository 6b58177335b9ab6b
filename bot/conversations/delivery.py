"""Hands what is in the outbox to its channel, and wakes those who listen to a conversation."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from bot.conversations.store import Store
from bot.tables import now

log = logging.getLogger(__name__)

Send = Callable[[Any], Awaitable[None]]
"""A channel's way to send one outbox row; it raises what went wrong."""

_FIRST_RETRY_S = 2.0
_LAST_RETRY_S = 600.0


def backoff_s(attempts: int) -> float:
    """Seconds to wait after so many failed attempts: doubling, with jitter, ten minutes at most."""
    longest: float = min(_FIRST_RETRY_S * 2**attempts, _LAST_RETRY_S)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - spreads retries, guards nothing


class Listeners:
    """Who waits for news of a conversation, in this process."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    def wake(self, conversation_id: str) -> None:
        """Something new is stored for this conversation."""
        for event in self._waiting.get(conversation_id, ()):
            event.set()

    @contextlib.asynccontextmanager
    async def listen(self, conversation_id: str) -> AsyncIterator[asyncio.Event]:
        """An event that is set when there is news; the listener clears it before it looks."""
        event = asyncio.Event()
        self._waiting[conversation_id].add(event)
        try:
            yield event
        finally:
            self._waiting[conversation_id].discard(event)
            if not self._waiting[conversation_id]:
                del self._waiting[conversation_id]


class Dispatcher:
    """Empties the outbox, oldest first."""

    def __init__(self, store: Store, channels: Mapping[str, Send]) -> None:
        """`channels`: how each channel sends."""
        self._store = store
        self._channels = channels
        self._due = asyncio.Event()
        self._due.set()
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """There is something in the outbox."""
        self._due.set()

    def start(self) -> None:
        """Begin; what an earlier run left is sent first."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End; what is not sent stays in the outbox."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            self._due.clear()
            try:
                await self._send_all()
                due_at = await self._store.next_due()
                wait = None if due_at is None else max((due_at - now()).total_seconds(), 0.0)
            except Exception as error:
                log.error("the outbox could not be read or written: %s", type(error).__name__)
                wait = _FIRST_RETRY_S
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._due.wait(), wait)

    async def _send_all(self) -> None:
        while rows := await self._store.unsent():
            sent: list[int] = []
            failed: dict[int, float] = {}
            for row in rows:
                try:
                    await self._channels[row.channel](row)
                    sent.append(row.id)
                except Exception as error:
                    log.error("a message could not be sent by %s: %s", row.channel, type(error).__name__)
                    failed[row.id] = backoff_s(row.attempts)
            if sent:
                await self._store.mark_sent(sent)
            if failed:
                await self._store.postpone(list(failed), list(failed.values()))
