"""One app at a time on a database: two would answer the same messages and send the same alarms."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import AsyncIterator

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from bot.conversations.database import explained
from bot.problems import StartError

_KEY = 0x656E6C616365
"""What the lock is called in a PostgreSQL database."""


@contextlib.asynccontextmanager
async def alone(engine: AsyncEngine) -> AsyncIterator[None]:
    """Hold the engine's database for this process; raises StartError if another one holds it.

    The operating system, or PostgreSQL, lets go of it when the process ends, however it ends.
    """
    async with contextlib.AsyncExitStack() as stack:
        with explained(engine):
            held = _file(engine.url.database) if engine.dialect.name == "sqlite" else _session(engine)
            free = await stack.enter_async_context(held)
        if not free:
            raise StartError("another Enlace is running on this database: stop it first")
        yield


@contextlib.asynccontextmanager
async def _file(database: str | None) -> AsyncIterator[bool]:
    if not database or database == ":memory:":  # nobody else's
        yield True
        return
    # A file of its own: SQLite locks parts of the database's, and closing it a second time would let go of those.
    with open(f"{database}.lock", "a") as file:  # noqa: ASYNC230 - nothing is read or written
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@contextlib.asynccontextmanager
async def _session(engine: AsyncEngine) -> AsyncIterator[bool]:
    own = create_async_engine(engine.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    try:
        async with own.connect() as connection:
            # A machine that is gone says nothing; without these PostgreSQL would wait two hours for it.
            for name, value in (("idle", 30), ("interval", 10), ("count", 3)):
                await connection.execute(text(f"SET tcp_keepalives_{name} = {value}"))
            yield bool(await connection.scalar(text(f"SELECT pg_try_advisory_lock({_KEY})")))
    finally:
        await own.dispose()
