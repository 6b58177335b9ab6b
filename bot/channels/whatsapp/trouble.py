"""What keeps WhatsApp from working until somebody puts it right: an expired token, a blocked number, an unpaid bill."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Awaitable, Callable, Sequence

from bot.channels.whatsapp.errors import in_words
from bot.database.tables import now
from bot.problems import kind_and_place

log = logging.getLogger(__name__)
Tell = Callable[[str, str | None], Awaitable[None]]
"""One way to tell an operator of Meta's name or code, and of the sentence that says it, if there is one; raises what
went wrong.
"""
_AGAIN = dt.timedelta(minutes=30)
_LASTS = dt.timedelta(hours=1)
"""What is tried again every few minutes, and has not failed for so long, is over."""


class Trouble:
    """Notes trouble by Meta's name or code for it, and tells operators at once, and again while it lasts."""

    def __init__(self, ways: Sequence[Tell]) -> None:
        """`ways`: by email, by webhook, or none; the log and the console say it besides."""
        self._ways = ways
        self._seen: dict[str, dt.datetime] = {}
        self._until_sent: set[str] = set()
        self._told: dict[tuple[str, Tell | None], dt.datetime] = {}
        self._telling: set[asyncio.Task[None]] = set()

    def note(self, what: str, until_sent: bool = False) -> None:
        """It happened just now. `until_sent`: it is over as soon as a message is taken."""
        self._seen[what] = now()
        if until_sent:
            self._until_sent.add(what)
        if self._is_due(what, None):
            log.critical("WhatsApp: %s. Run `enlace whatsapp check`: it says what is wrong and what to do.", what)
        for way in self._ways:
            if self._is_due(what, way):
                task = asyncio.create_task(self._tell(way, what))
                self._telling.add(task)
                task.add_done_callback(self._telling.discard)

    def over(self) -> None:
        """Meta took a message: what kept such messages from being sent is over.

        What comes and goes with every other message is still told once in a while alone.
        """
        for what in self._until_sent:
            self._seen.pop(what, None)
        self._until_sent.clear()

    @property
    def present(self) -> list[str]:
        """What is wrong now."""
        return [what for what, at in self._seen.items() if now() - at < _LASTS]

    async def stop(self) -> None:
        """End; what is being told may be told no more."""
        for task in self._telling:
            task.cancel()
        await asyncio.gather(*self._telling, return_exceptions=True)

    def _is_due(self, what: str, way: Tell | None) -> bool:
        """Whether to tell it this way, or the log, now; from then on it is told."""
        told = self._told.get((what, way))
        if told and now() - told < _AGAIN:
            return False
        self._told[what, way] = now()
        return True

    async def _tell(self, way: Tell, what: str) -> None:
        try:
            await way(what, in_words(what))
        except Exception as error:  # it is told again as long as it lasts
            log.error("an operator could not be told of WhatsApp's trouble: %s", kind_and_place(error))
            self._told.pop((what, way), None)
