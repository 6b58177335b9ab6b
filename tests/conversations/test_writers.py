"""Guards the order of writers on SQLite: first come, first served, those who are urgent before, and nobody for ever."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.conversations.database import open_engine
from bot.conversations.writers import Queue

SOON = 10


@pytest.fixture
async def engines(tmp_path: Path) -> tuple[AsyncEngine, AsyncEngine]:
    """Two engines of one file with a table in it; the second one's writers are urgent."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'one.db'}"
    usual, urgent = open_engine(url), open_engine(url, urgent=True)
    async with usual.begin() as connection:
        await connection.execute(text("CREATE TABLE notes (who TEXT)"))
    return usual, urgent


async def write(engine: AsyncEngine, who: str, inside: asyncio.Event | None = None, hold: float = 0.0) -> None:
    """One transaction that writes, and stays open for a while."""
    async with engine.begin() as connection:
        await connection.execute(text("INSERT INTO notes VALUES (:who)"), {"who": who})
        if inside:
            inside.set()
        await asyncio.sleep(hold)


async def writing(engine: AsyncEngine, hold: float) -> asyncio.Task[None]:
    """The same in the background, once it is inside."""
    inside = asyncio.Event()
    task = asyncio.create_task(write(engine, "first", inside, hold))
    await inside.wait()
    return task


async def written(engine: AsyncEngine) -> list[str]:
    async with engine.connect() as connection:
        return list(await connection.scalars(text("SELECT who FROM notes ORDER BY rowid")))


async def test_writers_come_in_order_and_the_urgent_first(engines: tuple[AsyncEngine, AsyncEngine]) -> None:
    usual, urgent = engines
    tasks = [await writing(usual, 0.3)]
    for each in range(5):
        tasks.append(asyncio.create_task(write(usual, f"usual {each}")))
        await asyncio.sleep(0.02)
    tasks.append(asyncio.create_task(write(urgent, "urgent")))
    await asyncio.wait_for(asyncio.gather(*tasks), SOON)
    assert await written(usual) == ["first", "urgent", *(f"usual {each}" for each in range(5))]
    await asyncio.gather(usual.dispose(), urgent.dispose())


@pytest.mark.parametrize("how", ["error", "cancelled"])
async def test_who_fails_lets_the_next_one_in(engines: tuple[AsyncEngine, AsyncEngine], how: str) -> None:
    usual, urgent = engines
    inside = asyncio.Event()

    async def fail() -> None:
        async with usual.begin() as connection:
            await connection.execute(text("INSERT INTO notes VALUES ('never')"))
            inside.set()
            await asyncio.sleep(0.1)
            await connection.execute(text("INSERT INTO nowhere VALUES (1)"))

    failing = asyncio.create_task(fail())
    await inside.wait()
    if how == "cancelled":
        failing.cancel()
    await asyncio.wait_for(write(usual, "next"), SOON)
    assert isinstance((await asyncio.gather(failing, return_exceptions=True))[0], BaseException)
    assert await written(usual) == ["next"]
    await asyncio.gather(usual.dispose(), urgent.dispose())


async def test_who_is_cancelled_while_waiting_holds_up_nobody(engines: tuple[AsyncEngine, AsyncEngine]) -> None:
    usual, urgent = engines
    first = await writing(usual, 0.2)
    waits = asyncio.create_task(write(usual, "never"))
    await asyncio.sleep(0.02)
    last = asyncio.create_task(write(usual, "last"))
    waits.cancel()
    await asyncio.wait_for(asyncio.gather(first, last, waits, return_exceptions=True), SOON)
    assert await written(usual) == ["first", "last"]
    await asyncio.gather(usual.dispose(), urgent.dispose())


async def test_readers_wait_for_nobody(engines: tuple[AsyncEngine, AsyncEngine]) -> None:
    usual, urgent = engines
    first = await writing(usual, 0.5)
    assert await asyncio.wait_for(written(usual), 0.4) == []
    await first
    await asyncio.gather(usual.dispose(), urgent.dispose())


async def test_who_writes_without_a_turn_waits_for_none_at_the_next_statement(
    engines: tuple[AsyncEngine, AsyncEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    usual, urgent = engines
    entered = 0

    async def never(self: Queue, urgent: bool) -> bool:
        nonlocal entered
        entered += 1
        return False

    monkeypatch.setattr(Queue, "enter", never)
    async with usual.begin() as connection:
        for each in ("a", "b", "c"):
            await connection.execute(text("INSERT INTO notes VALUES (:who)"), {"who": each})
    assert entered == 1
    assert await written(usual) == ["a", "b", "c"]
    await asyncio.gather(usual.dispose(), urgent.dispose())


async def test_a_turn_that_was_given_to_one_who_is_gone_goes_on() -> None:
    queue = Queue()
    await queue.enter(urgent=False)
    gone = asyncio.create_task(queue.enter(urgent=False))
    await asyncio.sleep(0)
    queue.leave()  # it is theirs now, and they are cancelled before they know
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    await asyncio.wait_for(queue.enter(urgent=False), SOON)


async def test_nobody_waits_for_ever_for_one_who_does_not_leave() -> None:
    queue = Queue()
    assert await queue.enter(urgent=False)
    assert not await queue.enter(urgent=False, patience_s=0.05)
    queue.leave()
    assert await queue.enter(urgent=False)
