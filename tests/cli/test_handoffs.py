"""Guards `enlace handoffs`: who waits for a person, the longest waiting first, and no word of anybody."""

from __future__ import annotations

import asyncio

import pytest
from click.testing import Result
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner

from bot.__main__ import app
from bot.conversations.ownership import Consent, Notice, Ownership
from bot.conversations.store import Store


async def handoffs(engine_url: str, columns: str | None = "120") -> Result:
    """Run it on the test's database, at a terminal or with None in a pipe.

    It runs a loop of its own, which needs a thread of its own.
    """
    environment = {"ENLACE_DATABASE_URL": engine_url, "COLUMNS": columns}
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


@pytest.mark.parametrize("columns", ["80", None])
async def test_every_cell_can_be_read_in_a_narrow_terminal_and_in_a_pipe(
    engine: AsyncEngine, engine_url: str, columns: str | None
) -> None:
    new = await Store(engine).create("los-angeles-county-ca", "web", "es", chosen=True)
    await Ownership(engine).request(new.id, Consent("un secreto"), Notice("aviso", "es"))
    said = (await handoffs(engine_url, columns)).stdout
    assert "…" not in said
    assert new.id in said
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in said.splitlines() if "│" in line]
    folded = ["".join(cells) for cells in zip(*rows, strict=True)]
    assert [folded[0], folded[1], folded[2]] == ["los-angeles-county-ca", "es", new.id]
    assert max(map(len, said.splitlines())) <= (80 if columns else 200)


async def test_it_says_where_nobody_waits(engine: AsyncEngine, engine_url: str) -> None:
    done = await handoffs(engine_url)
    assert (done.exit_code, done.stdout) == (0, "nobody is waiting for a person\n")
