"""Guards the migrations: they make exactly the schema of tables.py, on both engines, and take it away again."""

from __future__ import annotations

from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event, inspect, text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.conversations.store import Store
from bot.database.engine import alembic_config, migrate, open_engine
from bot.database.tables import Base


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names()) - {"alembic_version"}


def differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, Base.metadata))


async def test_upgrades_from_nothing_to_the_tables_and_back_to_nothing(empty_url: str) -> None:
    engine = open_engine(empty_url)
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


async def test_an_upgrade_keeps_what_the_version_before_has_stored(empty_url: str) -> None:
    # On SQLite, Alembic's batches make a table anew, and dropping the old one deletes by cascade what hangs on it.
    engine = open_engine(empty_url)
    moment = "'2026-11-01 00:00:00+00:00'"
    async with engine.begin() as connection:
        await connection.run_sync(lambda sync: command.upgrade(alembic_config(sync), "0002"))
        await connection.execute(
            text(
                "INSERT INTO conversations (id, token_hash, department, channel, language, language_chosen, owner, "
                "last_number, created_at, last_at) "
                f"VALUES ('c', 'h', 'kent-wa', 'web', 'es', false, 'waiting', 1, {moment}, {moment})"
            )
        )
        await connection.execute(
            text(
                "INSERT INTO messages (conversation_id, number, author, text, language, created_at) "
                f"VALUES ('c', 1, 'resident', 'hola', 'es', {moment})"
            )
        )
    await migrate(engine)
    assert [row.text for row in await Store(engine).messages("c")] == ["hola"]
    await engine.dispose()


def without_an_index(connection: Connection) -> list[str]:
    """The columns that the database looks through, all of them, when it deletes a row that they refer to."""
    found, schema = [], inspect(connection)
    for table in schema.get_table_names():
        indexed = [index["column_names"][0] for index in schema.get_indexes(table)]
        indexed += [unique["column_names"][0] for unique in schema.get_unique_constraints(table)]
        indexed += schema.get_pk_constraint(table)["constrained_columns"][:1]
        # Of rows that are never deleted, liaisons, nothing has to be found.
        keys = [key for key in schema.get_foreign_keys(table) if key["options"].get("ondelete")]
        columns = [key["constrained_columns"][0] for key in keys]
        found += [f"{table}.{column}" for column in columns if column not in indexed]
    return found


async def test_what_goes_with_a_deleted_row_is_found_by_an_index(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        assert await connection.run_sync(without_an_index) == []


async def test_an_upgrade_that_is_cut_off_anywhere_is_begun_again_by_the_next_start(empty_url: str) -> None:
    engine = open_engine(empty_url)
    moment = "'2026-11-01 00:00:00+00:00'"
    async with engine.begin() as connection:
        await connection.run_sync(lambda sync: command.upgrade(alembic_config(sync), "0006"))
        for statement in (
            "INSERT INTO conversations (id, token_hash, department, channel, language, language_chosen, owner, "
            "last_number, created_at, last_at) "
            f"VALUES ('c', 'h', 'kent-wa', 'web', 'es', false, 'waiting', 1, {moment}, {moment})",
            "INSERT INTO handoffs (id, conversation_id, department, language, requested_at, alarms) "
            f"VALUES (7, 'c', 'kent-wa', 'es', {moment}, 1)",
            "INSERT INTO alarm_deliveries (id, handoff_id, way, number, state, attempts, due_at) "
            f"VALUES (12, 7, 'webhook', 1, 'pending', 0, {moment})",
        ):
            await connection.execute(text(statement))
    runs = left = 0

    @event.listens_for(engine.sync_engine, "before_cursor_execute")
    def cut_off(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        nonlocal left
        left -= 1
        if left < 0 and not statement.startswith("PRAGMA"):
            raise RuntimeError("cut off")

    while True:
        left = runs
        try:
            await migrate(engine)
            break
        except RuntimeError:
            runs += 1
    assert runs > 15, "it was cut off at each statement"
    event.remove(engine.sync_engine, "before_cursor_execute", cut_off)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
        rows = (await connection.execute(text("SELECT id, handoff_id, key FROM alarm_deliveries"))).all()
    assert [tuple(row) for row in rows] == [(12, 7, "12")]
    await engine.dispose()


async def test_what_departments_could_read_until_the_upgrade_is_what_they_can_read_after_it(empty_url: str) -> None:
    engine = open_engine(empty_url)
    moment = "'2026-11-01 00:00:00+00:00'"
    async with engine.begin() as connection:
        await connection.run_sync(lambda sync: command.upgrade(alembic_config(sync), "0007"))
        for name, owner, shown_from, flag in (("ended", "bot", 3, "emergency"), ("waits", "waiting", 2, None)):
            await connection.execute(
                text(
                    "INSERT INTO conversations (id, token_hash, department, channel, language, language_chosen, owner, "
                    "last_number, shown_from, flag, created_at, last_at) VALUES (:name, 'h', 'kent-wa', 'web', 'es', "
                    f"false, :owner, 9, :shown_from, :flag, {moment}, {moment})"
                ).bindparams(name=name, owner=owner, shown_from=shown_from, flag=flag)
            )
            for ended_at in (moment, moment if owner == "bot" else "NULL"):
                await connection.execute(
                    text(
                        "INSERT INTO handoffs (conversation_id, department, language, requested_at, ended_at, alarms) "
                        f"VALUES (:name, 'kent-wa', 'es', {moment}, {ended_at}, 0)"
                    ).bindparams(name=name)
                )
    await migrate(engine)
    async with engine.connect() as connection:
        shown = "SELECT conversation_id, shown_from, shown_until FROM handoffs ORDER BY id"
        rows = [tuple(row) for row in await connection.execute(text(shown))]
        flagged = list(await connection.scalars(text("SELECT id FROM conversations WHERE flagged_at = last_at")))
    assert rows == [("ended", None, None), ("ended", 3, 9), ("waits", None, None), ("waits", 2, None)]
    assert flagged == ["ended"]
    await engine.dispose()
