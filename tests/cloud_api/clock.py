"""The server's clock, which a test can set forward, and the two rates that Meta holds senders to."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from dataclasses import dataclass, field

from .config import Config
from .errors import GraphError


@dataclass(slots=True)
class Clock:
    """Seconds since 1970, with an offset."""

    offset_s: float = 0.0

    def now(self) -> float:
        """The time."""
        return time.time() + self.offset_s

    def stamp(self) -> str:
        """The time as webhooks have it: whole seconds, in a string."""
        return str(int(self.now()))


@dataclass(slots=True)
class Rates:
    """How much was sent of late: by each number, and from each to each user."""

    config: Config
    clock: Clock
    _sent: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    _pairs: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)

    def take(self, number: str, user: str) -> None:
        """Count one message; raises GraphError if it is one too many."""
        now, sent = self.clock.now(), self._sent[number]
        while sent and sent[0] <= now - 1:
            sent.popleft()
        if len(sent) >= self.config.throughput:
            raise GraphError(130429)
        self._take_pair(number, user, now)
        sent.append(now)

    def _take_pair(self, number: str, user: str, now: float) -> None:
        """One in six seconds; a burst may be borrowed from the seconds to come, and they have to pass."""
        burst, interval = self.config.pair_burst, self.config.pair_interval_s
        left, since = self._pairs.get((number, user), (float(burst), now))
        left = min(burst, left + (now - since) / interval if interval else burst)
        if left < 1:
            self._pairs[number, user] = (left, now)
            raise GraphError(131056)
        self._pairs[number, user] = (left - 1, now)
