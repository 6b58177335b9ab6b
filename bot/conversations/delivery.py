"""Hands what is in the outbox to its channel, and wakes those who listen to a conversation."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.conversations.outbox import OutboxStore
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


@dataclass(frozen=True)
class Channel:
    """How a channel sends."""

    send: Send
    repeatable: bool = False
    """Whether the same row sent twice is seen once: after a crash in the middle it is sent again then, and else it
    counts as failed."""


class Dispatcher:
    """Empties the outbox, oldest first."""

    def __init__(
        self, outbox: OutboxStore, channels: Mapping[str, Channel], failed: Callable[[str], None] = lambda _: None
    ) -> None:
        """`failed` is told the id of a conversation of which a message was given up."""
        self._outbox = outbox
        self._channels = channels
        self._told_failed = failed
        self._once = [name for name, channel in channels.items() if not channel.repeatable]
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
                due_at = await self._outbox.next_due()
                wait = None if due_at is None else max((due_at - now()).total_seconds(), 0.0)
            except Exception as error:
                log.error("the outbox could not be read or written: %s", type(error).__name__)
                wait = _FIRST_RETRY_S
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._due.wait(), wait)

    async def _send_all(self) -> None:
        given_up = await self._outbox.fail_unconfirmed(self._once) if self._once else []
        while rows := await self._outbox.lease():
            sent: list[int] = []
            waits: dict[int, float] = {}
            for row in rows:
                try:
                    await self._channels[row.channel].send(row)
                    sent.append(row.id)
                    if row.channel in self._once:  # known to be sent before the next is tried
                        await self._outbox.sent([sent.pop()])
                except Exception as error:
                    log.error("a message could not be sent by %s: %s", row.channel, type(error).__name__)
                    waits[row.id] = backoff_s(row.attempts)
            if sent:
                await self._outbox.sent(sent)
            if waits:
                given_up += await self._outbox.postpone(waits)
        for conversation_id in given_up:
            self._told_failed(conversation_id)
