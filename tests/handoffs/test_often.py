"""Guards that what is looked for again and again is found by an index: the tables only grow."""

from __future__ import annotations

import re
from typing import Any

import pytest
from handed_over import Hand
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.whatsapp.intake import forget_ids
from bot.content.library import load
from bot.handoffs.alarms import Alarm, Alarms
from bot.handoffs.keeper import Keeper
from bot.handoffs.retention import Retention
from bot.i18n import Catalogs
from bot.liaisons.access import Who
from bot.liaisons.audit import entries, has_found, has_viewed
from bot.rendering.renderer import Renderer
from bot.settings import ROOT, Settings

ANA = Who(1, "Ana", {}, False, "supervisor", ("kent-wa",), ("es",), True, "", "", "es")


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)  # PostgreSQL looks through a table that is small
async def test_no_table_that_only_grows_is_looked_through(engine: AsyncEngine, hand: Hand) -> None:
    asked: list[tuple[str, Any]] = []

    @event.listens_for(engine.sync_engine, "before_cursor_execute")
    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        asked.append((statement, parameters))

    async def send(alarm: Alarm) -> None:
        pass

    async def finish_leaving() -> None:
        pass

    async def forget(conversation: str) -> None:
        pass

    conversation = await hand(ago_s=601)
    library = load(Settings().data_dir)
    renderer = Renderer(library, Catalogs(ROOT / "locales", library.languages))
    alarms = Alarms(engine, 300, {"webhook": send})
    retention = Retention(engine, 30, 7, forget_ids)
    keeper = Keeper(engine, renderer, alarms, retention, 600, finish_leaving, forget, lambda *_: None)
    asked.clear()
    await keeper.raise_alarms()
    await alarms.deliver("webhook")
    await keeper.tell_those_who_wait()
    async with engine.connect() as connection:
        await has_found(connection, ANA)
        await has_viewed(connection, ANA, conversation)
        await entries(connection, ANA, conversation_id=conversation)
    event.remove(engine.sync_engine, "before_cursor_execute", note)
    assert len(asked) > 10
    looked_through = []
    async with engine.connect() as connection:
        for statement, parameters in asked:
            if re.match("SELECT|UPDATE|DELETE", statement):
                plan = (await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)).all()
                # To look through that index is to look through what runs.
                grows = r"SCAN (?!handoffs USING INDEX ix_handoffs_running)(audit|handoffs|callbacks|conversations)\b"
                looked_through += [(row.detail, statement) for row in plan if re.match(grows, row.detail)]
    assert looked_through == []
