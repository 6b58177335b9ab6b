"""Tells open consoles that something changed, and what; they fetch it themselves, so nothing is missed."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.conversations.tables import Conversation, Handoff
from bot.handoffs.tables import Callback
from bot.liaisons.access import Who
from bot.problems import kind_and_place

log = logging.getLogger(__name__)
TYPING_S = 6.0
"""For so long somebody counts as typing after they last said so."""


@dataclass(frozen=True)
class Change:
    """What a console is told; never a word of anybody."""

    event: str
    """changed, typing or alarm."""
    conversation: str | None


@dataclass(eq=False)
class Subscription:
    """One open page of a console. Each conversation's last change is kept, not every one."""

    departments: tuple[str, ...]
    changes: dict[tuple[str, str | None], Change] = field(default_factory=dict)
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, change: Change) -> None:
        """Have it sent."""
        self.changes[change.event, change.conversation] = change
        self.ready.set()

    async def take(self, timeout_s: float) -> list[Change]:
        """The changes since the last call; waits for one, so long at most."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.ready.wait(), timeout_s)
        self.ready.clear()
        taken = list(self.changes.values())
        self.changes.clear()
        return taken


class News:
    """Spreads changes to the open consoles of this process."""

    def __init__(self, engine: AsyncEngine) -> None:
        """`engine`: says whose department a conversation is."""
        self._engine = engine
        self._subscriptions: set[Subscription] = set()
        self._changed: dict[str, str] = {}
        self._wake = asyncio.Event()
        self.typing = Typing()

    @contextlib.contextmanager
    def subscribe(self, who: Who) -> Iterator[Subscription]:
        """What changes in the departments of `who`, until the end of the block."""
        subscription = Subscription(who.departments)
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def publish(self, conversation_id: str, event: str = "changed") -> None:
        """Something in the conversation changed."""
        if self._subscriptions:
            self._changed[conversation_id] = (
                "alarm" if "alarm" in (event, self._changed.get(conversation_id)) else event
            )
            self._wake.set()

    def type(self, conversation_id: str, department: str) -> None:
        """The resident is typing."""
        for subscription in self._subscriptions:
            if department in subscription.departments:
                subscription.put(Change("typing", conversation_id))

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Spread what is published, until the end of the block."""
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            changed, self._changed = self._changed, {}
            try:
                await self._spread(changed)
            except Exception as error:
                log.error("consoles could not be told of a change: %s", kind_and_place(error))
                for subscription in self._subscriptions:
                    subscription.put(Change("changed", None))

    async def _spread(self, changed: dict[str, str]) -> None:
        # Where a request was taken back nobody may read on, and whoever has it on the screen is to know.
        withdrawn = (
            select(Handoff.id)
            .where(Handoff.conversation_id == Conversation.id, Handoff.outcome == "withdrawn")
            .exists()
        )
        wish = select(Callback.id).where(Callback.conversation_id == Conversation.id).exists()
        query = select(
            Conversation.id,
            Conversation.department,
            Conversation.shown_from.is_not(None).label("shown"),
            (withdrawn | wish).label("known"),
        ).where(Conversation.id.in_(list(changed)))
        async with self._engine.connect() as connection:
            rows = {row.id: row for row in (await connection.execute(query)).all()}
        for conversation_id, event in changed.items():
            row = rows.get(conversation_id)
            for subscription in list(self._subscriptions):
                if row is None:  # erased: the queue has one less, whosever it was
                    subscription.put(Change("changed", None))
                elif row.shown and row.department in subscription.departments:
                    subscription.put(Change(event, conversation_id))
                elif row.known and row.department in subscription.departments:
                    # Of a conversation that nobody may read consoles know this alone.
                    subscription.put(Change("changed", None))


class Typing:
    """Which liaisons are typing to whom; kept in memory, for a few seconds."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def note(self, conversation_id: str) -> None:
        """A liaison is typing there."""
        now = time.monotonic()
        self._until = {key: until for key, until in self._until.items() if until > now}
        self._until[conversation_id] = now + TYPING_S

    def stop(self, conversation_id: str) -> None:
        """They have sent it."""
        self._until.pop(conversation_id, None)

    def is_typing(self, conversation_id: str) -> bool:
        """Whether a liaison was typing there just now."""
        return self._until.get(conversation_id, 0.0) > time.monotonic()
