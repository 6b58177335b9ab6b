"""Guards the migrations: they make exactly the schema of tables.py, on both engines, and take it away again."""

from __future__ import annotations

from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.conversations.database import alembic_config, migrate, open_engine
from bot.conversations.store import Store
from bot.conversations.tables import Base


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names()) - {"alembic_version"}


def differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, Base.metadata))


async def test_upgrades_from_nothing_to_the_tables_and_back_to_nothing(engine_url: str) -> None:
    engine = open_engine(engine_url)
    async with engine.begin() as connection:
        assert await connection.run_sync(tables) == set()
    await migrate(engine)
    async with engine.begin() as connection:
        assert await connection.run_sync(tables) == set(Base.metadata.tables)
        await connection.run_sync(lambda sync: command.downgrade(alembic_config(sync), "base"))
    async with engine.begin() as connection:
        assert await connection.run_sync(tables) == set()
    await engine.dispose()


async def test_migrated_schema_is_that_of_the_tables(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_migrating_twice_keeps_what_is_stored(engine: AsyncEngine) -> None:
    conversation = await Store(engine).create("kent-wa", "web", "es", chosen=False)
    await migrate(engine)
    row = await Store(engine).access(conversation.id, conversation.token)
    assert row.department == "kent-wa"
