"""One writer after another to one SQLite file, in the order in which they came.

SQLite lets one write at a time, and has the others try again after ever longer naps: who has waited longest sleeps
longest, and those who came last get in first. Under load some wait for seconds. Here the writers of this process queue
up, so that SQLite's own lock is free when their turn comes; writers of other processes still meet at that.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.util import await_only

PATIENCE_S = 15.0
"""How long one waits for another; as long as SQLite would."""
_WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")


class Queue:
    """Who writes, and who waits. Belongs to one event loop."""

    def __init__(self) -> None:
        self._busy = False
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def enter(self, urgent: bool, patience_s: float = PATIENCE_S) -> bool:
        """Wait until it is this one's turn; who is urgent goes before those who aren't.

        False if it didn't come in time: SQLite's own lock has to do then.
        """
        if not self._busy:
            self._busy = True
            return True
        turn = asyncio.get_running_loop().create_future()
        (self._urgent if urgent else self._waiting).append(turn)
        try:
            async with asyncio.timeout(patience_s):
                await turn
        except TimeoutError:
            return not turn.cancelled()
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()
            raise
        return True

    def leave(self) -> None:
        """Let the next one in."""
        for queue in (self._urgent, self._waiting):
            while queue:
                turn = queue.popleft()
                if not turn.done():
                    turn.set_result(None)
                    return
        self._busy = False


_queues: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Queue]] = WeakKeyDictionary()
"""By loop and file: engines of one file share a queue."""


def queue_writers(engine: Engine, file: str, urgent: bool) -> None:
    """Have every transaction on `engine` wait for its turn before its first write, and leave when it is over."""
    inside: dict[int, Queue | None] = {}
    """By the id of a connection; None where its turn did not come in time, and it writes without."""

    def leave(connection: Any) -> None:
        own = getattr(connection, "dbapi_connection", connection)  # the pool's, or the database's own
        if queue := inside.pop(id(own), None):
            queue.leave()

    @event.listens_for(engine, "before_cursor_execute")
    def enter(connection: Any, _: object, statement: str, *rest: object) -> None:
        own = connection.connection.dbapi_connection
        if id(own) in inside or not statement.lstrip()[:7].upper().startswith(_WRITES):
            return
        queue = _queues.setdefault(asyncio.get_running_loop(), {}).setdefault(file, Queue())
        inside[id(own)] = queue if await_only(queue.enter(urgent)) else None

    dialect: Any = engine.dialect
    for name in ("do_commit", "do_rollback", "do_close", "do_terminate"):
        _afterwards(dialect, name, leave)


def _afterwards(dialect: Any, name: str, then: Any) -> None:
    """Have `then` called with the connection after each call of the dialect's method."""
    method = getattr(dialect, name)

    def both(connection: Any) -> None:
        try:
            method(connection)
        finally:
            then(connection)

    setattr(dialect, name, both)
