"""One app at a time on a database: two would answer the same messages and send the same alarms."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import secrets
import signal
from collections.abc import AsyncIterator

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from bot.database.engine import explained
from bot.problems import StartError, kind_and_place

log = logging.getLogger(__name__)
_KEY = 0x656E6C616365
"""What the lock is called in a PostgreSQL database."""
PING_S = 5.0
"""How often to look whether it is still there."""
_ANSWER_S = 10.0
_END_FORMER = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = :name AND pid <> pg_backend_pid()"
)
_END_S = 0.2
"""How long a connection that is ended may take to let go."""


@contextlib.asynccontextmanager
async def alone(engine: AsyncEngine) -> AsyncIterator[None]:
    """Hold the engine's database for this process; raises StartError if another one holds it.

    The operating system, or PostgreSQL, lets go of it when the process ends, however it ends. Where PostgreSQL does so
    before, it is taken again; where another process was faster, this one is told to end (SIGTERM).
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
    session, keeping = _Session(engine), None
    try:
        if free := await session.take():
            keeping = asyncio.create_task(session.keep())
        yield free
    finally:
        if keeping:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
        await session.close()


class _Session:
    """A lock in a PostgreSQL database. It is a connection's, and gone with it: when PostgreSQL is started again, or
    another machine takes its place.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = create_async_engine(engine.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        self._name = f"enlace {secrets.token_hex(8)}"
        self._connection: AsyncConnection | None = None

    async def take(self) -> bool:
        """Take the lock on a new connection; False if another process has it."""
        self._connection = connection = await self._engine.connect()
        await connection.execute(text(f"SET application_name = '{self._name}'"))
        # A machine that is gone says nothing; without these PostgreSQL would wait two hours for it.
        for name, value in (("idle", 30), ("interval", 10), ("count", 3)):
            await connection.execute(text(f"SET tcp_keepalives_{name} = {value}"))
        while not await connection.scalar(text(f"SELECT pg_try_advisory_lock({_KEY})")):
            former = await connection.execute(_END_FORMER, {"name": self._name})
            if not former.all():
                return False
            await asyncio.sleep(_END_S)  # a connection of ours that only PostgreSQL still knows
        return True

    async def keep(self) -> None:
        """Look whether the lock is still there; take it again where it isn't, and end where another one has it."""
        while True:
            await asyncio.sleep(PING_S)
            try:
                async with asyncio.timeout(_ANSWER_S):
                    if self._connection:
                        await self._connection.execute(text("SELECT 1"))
                    elif not await self.take():
                        log.error("another Enlace has taken this database while it was out of reach: this one stops")
                        os.kill(os.getpid(), signal.SIGTERM)
                        return
            except Exception as error:  # whatever it is, it is tried again
                log.warning(
                    "the connection that keeps other Enlaces off the database is gone: %s", kind_and_place(error)
                )
                await self._drop()

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection:
            with contextlib.suppress(Exception):
                await connection.invalidate()
            with contextlib.suppress(Exception):
                await connection.close()

    async def close(self) -> None:
        """Let go of it."""
        if self._connection:
            await self._connection.close()
        await self._engine.dispose()
