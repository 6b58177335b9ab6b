"""Guards the order of writers on SQLite: first come, first served, those who are urgent before, and nobody for ever."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.database.engine import open_engine
from bot.database.writers import Queue

SOON = 10


@pytest.fixture
async def engines(tmp_path: Path) -> tuple[AsyncEngine, AsyncEngine]:
    """Two engines of one file with a table in it; the second one's writers are urgent."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'one.db'}"
    usual, urgent = open_engine(url), open_engine(url, urgent=True)
    async with usual.begin() as connection:
        await connection.execute(text("CREATE TABLE notes (who TEXT)"))
    return usual, urgent


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Queue]:
    """The queue, once for each writer that has asked for its turn."""
    asked: list[Queue] = []
    enter = Queue.enter

    async def noted(self: Queue, urgent: bool) -> bool:
        asked.append(self)  # from here on it is in the queue before anybody else runs
        return await enter(self, urgent)

    monkeypatch.setattr(Queue, "enter", noted)
    return asked


async def until(asked: list[Queue], count: int) -> None:
    """Wait until so many have asked for their turn."""
    async with asyncio.timeout(SOON):
        while len(asked) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def write(
    engine: AsyncEngine, who: str, inside: asyncio.Event | None = None, leave: asyncio.Event | None = None
) -> None:
    """One transaction that writes; says when it is `inside`, and stays until it may `leave`."""
    async with engine.begin() as connection:
        await connection.execute(text("INSERT INTO notes VALUES (:who)"), {"who": who})
        if inside:
            inside.set()
        if leave:
            await leave.wait()


async def writing(engine: AsyncEngine, leave: asyncio.Event) -> asyncio.Task[None]:
    """The same in the background, once it is inside."""
    inside = asyncio.Event()
    task = asyncio.create_task(write(engine, "first", inside, leave))
    await inside.wait()
    return task


async def written(engine: AsyncEngine) -> list[str]:
    async with engine.connect() as connection:
        return list(await connection.scalars(text("SELECT who FROM notes ORDER BY rowid")))


async def test_writers_come_in_order_and_the_urgent_first(
    engines: tuple[AsyncEngine, AsyncEngine], asked: list[Queue]
) -> None:
    usual, urgent = engines
    leave = asyncio.Event()
    tasks = [await writing(usual, leave)]
    for each in range(5):
        tasks.append(asyncio.create_task(write(usual, f"usual {each}")))
        await until(asked, len(tasks))
    tasks.append(asyncio.create_task(write(urgent, "urgent")))
    await until(asked, len(tasks))
    leave.set()
    await asyncio.wait_for(asyncio.gather(*tasks), SOON)
    assert await written(usual) == ["first", "urgent", *(f"usual {each}" for each in range(5))]
    await asyncio.gather(usual.dispose(), urgent.dispose())


@pytest.mark.parametrize("how", ["error", "cancelled"])
async def test_who_fails_lets_the_next_one_in(
    engines: tuple[AsyncEngine, AsyncEngine], asked: list[Queue], how: str
) -> None:
    usual, urgent = engines
    inside, go_on = asyncio.Event(), asyncio.Event()

    async def fail() -> None:
        async with usual.begin() as connection:
            await connection.execute(text("INSERT INTO notes VALUES ('never')"))
            inside.set()
            await go_on.wait()
            await connection.execute(text("INSERT INTO nowhere VALUES (1)"))

    failing = asyncio.create_task(fail())
    await inside.wait()
    following = asyncio.create_task(write(usual, "next"))
    await until(asked, 2)
    if how == "cancelled":
        failing.cancel()
    else:
        go_on.set()
    await asyncio.wait_for(following, SOON)
    assert isinstance((await asyncio.gather(failing, return_exceptions=True))[0], BaseException)
    assert await written(usual) == ["next"]
    await asyncio.gather(usual.dispose(), urgent.dispose())


async def test_who_is_cancelled_while_waiting_holds_up_nobody(
    engines: tuple[AsyncEngine, AsyncEngine], asked: list[Queue]
) -> None:
    usual, urgent = engines
    leave = asyncio.Event()
    first = await writing(usual, leave)
    waits = asyncio.create_task(write(usual, "never"))
    await until(asked, 2)
    last = asyncio.create_task(write(usual, "last"))
    await until(asked, 3)
    waits.cancel()
    leave.set()
    await asyncio.wait_for(asyncio.gather(first, last, waits, return_exceptions=True), SOON)
    assert await written(usual) == ["first", "last"]
    await asyncio.gather(usual.dispose(), urgent.dispose())


async def test_readers_wait_for_nobody(engines: tuple[AsyncEngine, AsyncEngine]) -> None:
    usual, urgent = engines
    leave = asyncio.Event()
    first = await writing(usual, leave)
    assert await asyncio.wait_for(written(usual), SOON) == []
    leave.set()
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
