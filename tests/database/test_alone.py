"""Guards that one app at a time has a database, on both engines, and that the next one gets it when the first ends."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from databases import Maintenance
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.database import alone as module
from bot.database.alone import alone
from bot.database.engine import open_engine
from bot.problems import StartError
from bot.settings import ROOT

HOLD = """
import asyncio, sys
from bot.database import alone as module
from bot.database.alone import alone
from bot.database.engine import open_engine

module.PING_S = 0.1

async def hold():
    async with alone(open_engine(sys.argv[1])):
        print("held", flush=True)
        await asyncio.sleep(60)

asyncio.run(hold())
"""


async def test_it_is_free_again_once_it_is_let_go(empty_url: str) -> None:
    first, second = open_engine(empty_url), open_engine(empty_url)
    async with alone(first):
        with pytest.raises(StartError, match="another Enlace is running on this database: stop it first"):
            async with alone(second):
                pass
    async with alone(second):
        pass


async def test_who_is_killed_lets_it_go(empty_url: str) -> None:
    command = [sys.executable, "-c", HOLD, empty_url]
    holder = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)  # noqa: ASYNC220
    engine = open_engine(empty_url)
    try:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(StartError):
            async with alone(engine):
                pass
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.communicate()
    async with asyncio.timeout(10):
        while True:
            try:
                async with alone(engine):
                    return
            except StartError:  # PostgreSQL notices a moment later
                await asyncio.sleep(0.05)


HOLDER = (
    "FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory' AND granted "
    "AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


@pytest.fixture
async def database(postgres: str, maintenance: Maintenance) -> AsyncIterator[str]:
    """URL of an empty database of PostgreSQL."""
    async with maintenance.database(postgres) as url:
        yield url


async def holder(connection: AsyncConnection) -> Any:
    """Process and name of the connection that has the lock."""
    return (await connection.execute(text(f"SELECT pid, application_name {HOLDER}"))).one_or_none()


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[AsyncConnection]:
    engine = open_engine(url).execution_options(isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        yield connection
    await engine.dispose()


@asynccontextmanager
async def faster(url: str, name: str) -> AsyncIterator[None]:
    """Whoever has the lock loses it to somebody who is called `name`."""
    async with connected(url) as next_one, connected(url) as connection:
        await next_one.execute(text(f"SET application_name = '{name}'"))
        lock = f"SELECT pg_advisory_lock({module._KEY})"
        waiting = asyncio.create_task(next_one.execute(text(lock)))
        while not await connection.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await connection.execute(text(f"SELECT pg_terminate_backend(pid) {HOLDER}"))
        await asyncio.wait_for(waiting, 10)
        yield


@pytest.mark.postgres
async def test_a_lock_that_postgresql_lost_is_taken_again(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PING_S", 0.1)
    async with alone(open_engine(database)), connected(database) as connection:
        before = await holder(connection)
        await connection.execute(text(f"SELECT pg_terminate_backend(pid) {HOLDER}"))
        async with asyncio.timeout(10):
            while (after := await holder(connection)) is None or after.pid == before.pid:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert after.application_name == before.application_name
        with pytest.raises(StartError):
            async with alone(open_engine(database)):
                pass


@pytest.mark.postgres
async def test_a_lock_that_another_one_has_taken_meanwhile_ends_the_process(database: str) -> None:
    command = [sys.executable, "-c", HOLD, database]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True) as process:  # noqa: ASYNC220
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        async with faster(database, "another"):
            _, said = await asyncio.to_thread(process.communicate, timeout=20)
    assert "another Enlace has taken this database while it was out of reach: this one stops" in said
    assert process.returncode == -signal.SIGTERM


@pytest.mark.postgres
async def test_a_connection_of_its_own_that_only_postgresql_still_knows_is_no_other_enlace(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PING_S", 0.1)
    async with alone(open_engine(database)), connected(database) as connection:
        own = await holder(connection)
        with contextlib.suppress(DBAPIError):  # it is ended: closing it fails
            async with faster(database, own.application_name):
                left = await holder(connection)
                async with asyncio.timeout(10):
                    while (after := await holder(connection)) is None or after.pid in (own.pid, left.pid):  # noqa: ASYNC110
                        await asyncio.sleep(0.05)
        assert after.application_name == own.application_name
