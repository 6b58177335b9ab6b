"""Hands what is in the outbox to its channel, and wakes those who listen to a conversation."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select

from bot.conversations.outbox import OutboxStore
from bot.database.tables import now
from bot.problems import kind_and_place

log = logging.getLogger(__name__)

Send = Callable[[Any], Awaitable[None]]
"""A channel's way to send one outbox row; it raises what went wrong."""

_FIRST_RETRY_S = 2.0
_LAST_RETRY_S = 600.0
_LISTENERS = 5
"""That one conversation has at most: more than anybody has tabs of it."""
_AT_ONCE = 50
"""Conversations that are sent to at the same time."""


def backoff_s(attempts: int) -> float:
    """Seconds to wait after so many failed attempts: doubling, with jitter, ten minutes at most."""
    longest: float = min(_FIRST_RETRY_S * 2**attempts, _LAST_RETRY_S)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - spreads retries, guards nothing


class Listener(asyncio.Event):
    """Set when there is news; whoever listens clears it before they look."""

    is_over = False
    """Whether later ones have taken its place."""


class Listeners:
    """Who waits for news of a conversation, in this process."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, dict[Listener, None]] = defaultdict(dict)
        """In the order in which they came."""

    def wake(self, conversation_id: str) -> None:
        """Something new is stored for this conversation."""
        for event in self._waiting.get(conversation_id, ()):
            event.set()

    @contextlib.asynccontextmanager
    async def listen(self, conversation_id: str) -> AsyncIterator[Listener]:
        """One more listener; of too many the first is over."""
        listener = Listener()
        waiting = self._waiting[conversation_id]
        waiting[listener] = None
        if len(waiting) > _LISTENERS:
            first = next(iter(waiting))
            del waiting[first]
            first.is_over = True
            first.set()
        try:
            yield listener
        finally:
            waiting.pop(listener, None)
            if not waiting:
                self._waiting.pop(conversation_id, None)


class GiveUp(Exception):
    """A channel can't send this, now or later."""

    def __init__(self, reason: str) -> None:
        """`reason`: as the channel names it."""
        super().__init__(reason)
        self.reason = reason


class Keep(GiveUp):
    """A channel may not send this before the resident writes."""

    def __init__(self, reason: str, still: Select[str] | None = None) -> None:
        """`still`: what selects the conversation's id as long as they have not."""
        super().__init__(reason)
        self.still = still


class Later(GiveUp):
    """A channel can't send this yet."""

    def __init__(self, reason: str, at_least_s: float = 0) -> None:
        """`at_least_s`: not before so many seconds."""
        super().__init__(reason)
        self.at_least_s = at_least_s


@dataclass(frozen=True)
class Channel:
    """How a channel sends. After a crash in the middle of it a row is sent again: the channel sees to it that the same
    row sent twice is seen once.
    """

    name: str
    send: Send


class Dispatcher:
    """Empties the outbox of one channel: the messages of a conversation in order, and the conversations side by side,
    so that one that the channel is slow to take holds up no other.
    """

    def __init__(self, outbox: OutboxStore, channel: Channel, failed: Callable[[str], None] = lambda _: None) -> None:
        """`failed` is told the id of a conversation of which a message was given up or is kept."""
        self._outbox = outbox
        self._channel = channel
        self._told_failed = failed
        self._due = asyncio.Event()
        self._due.set()
        self._sending: dict[str, asyncio.Task[None]] = {}
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """There is something in the outbox."""
        self._due.set()

    def start(self) -> None:
        """Begin; what an earlier run left is sent first."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End; what is not sent stays in the outbox."""
        for task in [self._task, *self._sending.values()]:
            if task:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def _run(self) -> None:
        while True:
            self._due.clear()
            try:
                wait = await self._send_due()
            except Exception as error:
                log.error("the outbox could not be read or written: %s", kind_and_place(error))
                wait = _FIRST_RETRY_S
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._due.wait(), wait)

    async def _send_due(self) -> float | None:
        """Send what is due; returns the seconds until more is, None if nothing waits for a time."""
        # Looked at before it is leased: mostly nothing is due, and to lease is to write.
        while len(self._sending) < _AT_ONCE:
            due_at = await self._outbox.next_due(self._channel.name, self._sending)
            if due_at is None:
                return None
            if due_at > now():
                return (due_at - now()).total_seconds()
            rows = await self._outbox.lease(self._channel.name, self._sending, _AT_ONCE - len(self._sending))
            if not rows:
                return 0.0
            by_conversation: defaultdict[str, list[Any]] = defaultdict(list)
            for row in rows:
                by_conversation[row.conversation_id].append(row)
            for conversation_id, due in by_conversation.items():
                task = asyncio.create_task(self._send_in_order(conversation_id, due))
                self._sending[conversation_id] = task
        return None  # the first that is done wakes this

    async def _send_in_order(self, conversation_id: str, rows: Sequence[Any]) -> None:
        try:
            for index, row in enumerate(rows):
                if not await self._send(row):
                    await self._outbox.release([later.id for later in rows[index + 1 :]])
                    break
        except Exception as error:  # what is leased is due again when its lease is over
            log.error("the outbox could not be read or written: %s", kind_and_place(error))
        finally:
            del self._sending[conversation_id]
            self._due.set()

    async def _send(self, row: Any) -> bool:
        """Send one row and write down what came of it; False where nothing of its conversation may follow yet."""
        given_up: list[str] = []
        try:
            await self._channel.send(row)
        except Keep as kept:
            is_kept = await self._outbox.keep(row.id, kept.reason, kept.still)
            self._told_failed(row.conversation_id)
            return is_kept
        except Later as later:
            wait_s = max(backoff_s(row.attempts), later.at_least_s)
            given_up = await self._outbox.postpone(row.id, wait_s, later.reason)
            return bool(given_up)
        except GiveUp as error:
            given_up = await self._outbox.give_up(row.id, error.reason)
            return True
        except Exception as error:
            log.error("a message could not be sent by %s: %s", self._channel.name, kind_and_place(error))
            given_up = await self._outbox.postpone(row.id, backoff_s(row.attempts))
            return bool(given_up)
        else:
            await self._outbox.sent([row.id])
            return True
        finally:
            for conversation_id in given_up:
                self._told_failed(conversation_id)
