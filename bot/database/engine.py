"""The engine, for SQLite and PostgreSQL, and the schema kept current by Alembic."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import event
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.database.outage import tell_of_outages
from bot.database.writers import queue_writers
from bot.problems import StartError, reason

MIGRATIONS = Path(__file__).parent.parent / "migrations"


def open_engine(url: str, urgent: bool = False) -> AsyncEngine:
    """An engine for `url`; opens nothing yet. A SQLite file and its folder are made, the file for its owner alone.

    Raises OSError if that can't be written.

    `urgent`: on SQLite, its writers go before those of other engines.
    """
    # hide_parameters: an error of the database must not quote what residents wrote.
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        engine = create_async_engine(url, pool_pre_ping=True, hide_parameters=True)
        tell_of_outages(engine.sync_engine)
        return engine
    if parsed.database:
        _make_usable(parsed.database)
    engine = create_async_engine(url, connect_args={"timeout": 15}, hide_parameters=True)

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        # WAL lets readers go on while one writes. FULL: what was acknowledged survives a loss of power, not just a
        # crash. secure_delete: an erased conversation is overwritten, not just unlinked.
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
        # SQLite's own knows no letter but English ones: with it, a search for "MIGRACIÓN" doesn't find "migración".
        connection.create_function("lower", 1, _lower, deterministic=True)

    if parsed.database:
        queue_writers(engine.sync_engine, parsed.database, urgent)
    return engine


def _make_usable(database: str) -> None:
    file = Path(database)
    file.parent.mkdir(parents=True, exist_ok=True)
    if database == ":memory:" or database.startswith("file:"):
        return
    # SQLite gives the files beside it the same rights. One that is there isn't opened: to close it would let go of this
    # process's locks on it.
    with contextlib.suppress(FileExistsError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL, 0o600))
    # Asked here: a connection that fails leaves a thread, which fails with a traceback once the event loop is closed.
    for path in (file, file.parent):
        if not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, without an ini file: the connection comes from the caller."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


async def migrate(engine: AsyncEngine) -> None:
    """Bring the schema to the newest version, all the way or not at all; does nothing if it is there.

    Raises StartError.
    """
    with explained(engine):
        async with engine.begin() as connection:
            if engine.dialect.name == "sqlite":
                # Its driver begins none for a change of the schema: what ends in the middle would stay half done, and
                # no later start could go on from there.
                await connection.exec_driver_sql("BEGIN IMMEDIATE")
            await connection.run_sync(lambda sync: command.upgrade(alembic_config(sync), "head"))


@contextlib.contextmanager
def explained(engine: AsyncEngine) -> Iterator[None]:
    """Make a StartError, which says what to do, of what keeps the database from being used."""
    kinds: tuple[type[Exception], ...] = (SQLAlchemyError, OSError)
    name, look = engine.url.database, "whether it is a database, whether its folder can be written, and for a full disk"
    if engine.dialect.name != "sqlite":
        import asyncpg  # type: ignore[import-untyped]

        kinds += (asyncpg.PostgresError, asyncpg.InterfaceError)
        name, look = "PostgreSQL", "whether it runs, and at ENLACE_DATABASE_URL"
    try:
        yield
    except CommandError as error:
        raise StartError(
            f"the database is one of a newer Enlace ({error}): start that, or restore the backup that was made before "
            "it came (docs/operations.md)"
        ) from error
    except kinds as error:
        raise StartError(f"{name} can't be used ({reason(error)}): look {look}") from error
