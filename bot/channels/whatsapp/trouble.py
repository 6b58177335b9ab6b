"""What keeps WhatsApp from working until somebody puts it right: an expired token, a blocked number, an unpaid bill."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Awaitable, Callable, Sequence

from bot.tables import now

log = logging.getLogger(__name__)
Tell = Callable[[str], Awaitable[None]]
"""One way to tell an operator; raises what went wrong."""
_AGAIN = dt.timedelta(minutes=30)
_LASTS = dt.timedelta(hours=1)
"""What is tried again every few minutes, and has not failed for so long, is over."""


class Trouble:
    """Notes trouble by Meta's name or code for it, and tells operators at once, and again while it lasts."""

    def __init__(self, ways: Sequence[Tell]) -> None:
        """`ways`: by email, by webhook, or none; the log and the console say it besides."""
        self._ways = ways
        self._seen: dict[str, dt.datetime] = {}
        self._told: dict[str, dt.datetime] = {}
        self._telling: set[asyncio.Task[None]] = set()

    def note(self, what: str) -> None:
        """It happened just now."""
        self._seen[what] = now()
        if what in self._told and now() - self._told[what] < _AGAIN:
            return
        self._told[what] = now()
        log.critical("WhatsApp: %s. Run `enlace whatsapp check`: it says what is wrong and what to do.", what)
        for way in self._ways:
            task = asyncio.create_task(self._tell(way, what))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    def over(self) -> None:
        """Meta took a message: what kept messages from being sent is over."""
        for what in [what for what in self._seen if what.isdecimal()]:
            del self._seen[what]
            self._told.pop(what, None)

    @property
    def present(self) -> list[str]:
        """What is wrong now."""
        return [what for what, at in self._seen.items() if now() - at < _LASTS]

    async def stop(self) -> None:
        """End; what is being told may be told no more."""
        for task in self._telling:
            task.cancel()
        await asyncio.gather(*self._telling, return_exceptions=True)

    async def _tell(self, way: Tell, what: str) -> None:
        try:
            await way(what)
        except Exception as error:  # it is told again as long as it lasts
            log.error("an operator could not be told of WhatsApp's trouble: %s", type(error).__name__)
            self._told.pop(what, None)
