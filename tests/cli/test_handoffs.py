"""Guards `enlace handoffs`: who waits for a person, the longest waiting first, and no word of anybody."""

from __future__ import annotations

import asyncio

from click.testing import Result
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner

from bot.__main__ import app
from bot.conversations.ownership import Consent, Notice, Ownership
from bot.conversations.store import Store


async def handoffs(engine_url: str) -> Result:
    """Run it on the test's database; it runs a loop of its own, which needs a thread of its own."""
    environment = {"ENLACE_DATABASE_URL": engine_url, "COLUMNS": "120"}
    return await asyncio.to_thread(CliRunner().invoke, app, ["handoffs"], env=environment)


async def test_who_waits_is_listed_in_order(engine: AsyncEngine, engine_url: str) -> None:
    waiting = []
    for department, language in (("kent-wa", "es"), ("kansas-city-mo", "en"), ("roeland-park-ks", "es")):
        new = await Store(engine).create(department, "web", language, chosen=True)
        await Ownership(engine).request(new.id, Consent("un secreto"), Notice("aviso", language))
        waiting.append((department, language, new.id))
    await Ownership(engine).withdraw(waiting[1][2], Notice("aviso", "en"))
    done = await handoffs(engine_url)
    assert done.exit_code == 0
    rows = [tuple(cell.strip() for cell in line.split("│")[1:4]) for line in done.stdout.splitlines() if "│" in line]
    assert rows == [waiting[0], waiting[2]]
    assert "secreto" not in done.stdout


async def test_it_says_where_nobody_waits(engine: AsyncEngine, engine_url: str) -> None:
    done = await handoffs(engine_url)
    assert (done.exit_code, done.stdout) == (0, "nobody is waiting for a person\n")
