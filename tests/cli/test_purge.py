"""Guards `enlace purge`: a dry run deletes nothing; a real one does, leaves Rasa its part, and is audited."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable

import pytest
from click.testing import Result
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner

from bot.__main__ import app
from bot.conversations.store import Store
from bot.conversations.tables import Conversation
from bot.database.tables import now
from bot.handoffs.tables import Callback, ToForget
from bot.liaisons.tables import AuditEntry

Purge = Callable[..., Awaitable[Result]]


@pytest.fixture
def purge(engine: AsyncEngine, engine_url: str) -> Purge:
    """`await purge(*arguments, **settings)`: run it on the test's database."""

    async def run(*arguments: str, **settings: str) -> Result:
        environment = {"ENLACE_DATABASE_URL": engine_url} | settings
        # The command runs a loop of its own, which needs a thread of its own.
        return await asyncio.to_thread(CliRunner().invoke, app, ["purge", *arguments], env=environment)

    return run


async def grow_old(engine: AsyncEngine, days: float) -> str:
    """A conversation whose last message, and whose callback, were so many days ago."""
    moment, new = now() - dt.timedelta(days=days), await Store(engine).create("kent-wa", "web", "es", chosen=False)
    async with engine.begin() as connection:
        await connection.execute(update(Conversation).where(Conversation.id == new.id).values(last_at=moment))
        await connection.execute(
            insert(Callback).values(
                conversation_id=new.id, department="kent-wa", language="es", contact="x", time="x", done_at=moment
            )
        )
    return new.id


async def test_a_dry_run_says_what_would_go_and_deletes_nothing(engine: AsyncEngine, purge: Purge) -> None:
    young, old = await grow_old(engine, 8), await grow_old(engine, 31)
    done = await purge("--dry-run")
    assert (done.exit_code, done.stdout) == (
        0,
        "would be deleted: 1 conversations, the contacts of 2 callbacks\n",  # one of them with its conversation
    )
    async with engine.connect() as connection:
        assert set(await connection.scalars(select(Conversation.id))) == {young, old}
        assert set(await connection.scalars(select(Callback.contact))) == {"x"}
        assert (await connection.execute(select(AuditEntry))).all() == []


async def test_what_is_due_goes_and_is_written_down(engine: AsyncEngine, purge: Purge) -> None:
    young, old = await grow_old(engine, 8), await grow_old(engine, 31)
    done = await purge()
    assert (done.exit_code, done.stdout) == (0, "deleted: 1 conversations, the contacts of 1 callbacks\n")
    async with engine.connect() as connection:
        assert list(await connection.scalars(select(Conversation.id))) == [young]
        assert list(await connection.scalars(select(Callback.contact))) == [None]
        assert list(await connection.scalars(select(ToForget.conversation_id))) == [old]  # Rasa isn't there
        entries = (await connection.execute(select(AuditEntry).order_by(AuditEntry.id))).all()
    said = [(entry.action, entry.liaison_id, entry.detail) for entry in entries]
    assert said == [
        ("purge", None, {"conversations": 1, "contacts": 0}),
        ("purge", None, {"conversations": 0, "contacts": 1}),
    ]


async def test_after_a_restore_what_nobody_waits_for_goes_however_young_it_is(
    engine: AsyncEngine, purge: Purge
) -> None:
    open_wish = await grow_old(engine, 0)
    async with engine.begin() as connection:
        await connection.execute(update(Callback).values(done_at=None))
    await grow_old(engine, 0)
    waiting = await Store(engine).create("kent-wa", "web", "es", chosen=False)
    held = await Store(engine).create("kent-wa", "web", "es", chosen=False)
    async with engine.begin() as connection:
        for each, values in ((waiting, {"owner": "waiting"}), (held, {"legal_hold": True})):
            await connection.execute(update(Conversation).where(Conversation.id == each.id).values(values))
    assert (await purge("--all", "--dry-run")).stdout.startswith("would be deleted: 1 conversations")
    assert (await purge("--all")).stdout.startswith("deleted: 1 conversations")
    async with engine.connect() as connection:
        assert set(await connection.scalars(select(Conversation.id))) == {open_wish, waiting.id, held.id}


async def test_the_days_are_settings(engine: AsyncEngine, purge: Purge) -> None:
    await grow_old(engine, 8)
    done = await purge(ENLACE_RETENTION_DAYS="7")
    assert done.stdout == "deleted: 1 conversations, the contacts of 0 callbacks\n"
