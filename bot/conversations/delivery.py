"""Hands what is in the outbox to its channel, and wakes those who listen to a conversation."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from bot.conversations.store import Store

log = logging.getLogger(__name__)

Send = Callable[[Any], Awaitable[None]]
"""A channel's way to send one outbox row; it raises what went wrong."""

_RETRY_S = 5.0


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
                failed = await self._send_all()
            except Exception as error:
                log.exception("the outbox could not be read or written: %s", type(error).__name__)
                failed = True
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._due.wait(), _RETRY_S if failed else None)

    async def _send_all(self) -> bool:
        while rows := await self._store.unsent():
            sent = []
            for row in rows:
                try:
                    await self._channels[row.channel](row)
                    sent.append(row.id)
                except Exception as error:
                    log.error("a message could not be sent by %s: %s", row.channel, type(error).__name__)
            if sent:
                await self._store.mark_sent(sent)
            if len(sent) < len(rows):
                return True
        return False
