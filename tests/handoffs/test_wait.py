"""Guards the expected wait: within how long half of those who asked had a person; nothing where fewer had one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.content.library import load
from bot.conversations.tables import Handoff
from bot.handoffs.hours import OfficeHours
from bot.handoffs.wait import expected_wait
from bot.settings import Settings

AT = dt.datetime(2026, 11, 24, 18, 0, tzinfo=dt.UTC)
UNKNOWN = OfficeHours(load(Settings().data_dir).departments["kent-wa"].profile)


async def wait(
    engine: AsyncEngine,
    waits: Sequence[float | None],
    days_ago: float = 1,
    where: str = "kent-wa",
    gave_up_s: float | None = None,
) -> None:
    """Handoffs that were claimed after so many seconds; None: nobody came, until they gave up or to this day."""
    asked = AT - dt.timedelta(days=days_ago)
    async with engine.begin() as connection:
        for seconds in waits:
            claimed = None if seconds is None else asked + dt.timedelta(seconds=seconds)
            gave_up = None if gave_up_s is None or claimed else asked + dt.timedelta(seconds=gave_up_s)
            values = {"department": where, "language": "es", "requested_at": asked, "claimed_at": claimed}
            await connection.execute(insert(Handoff).values(values | {"ended_at": gave_up}))


@pytest.mark.parametrize("gave_up_s", [60, None])
@pytest.mark.parametrize(
    ("waits", "expected"),
    [
        ([60, 60, 60, 60], None),
        ([60, 120, 180, 240, 300], 180),
        ([60, 120, 180, None, None], 180),
        ([60, 120, None, None, None], None),  # quick answers for a few are no promise
        ([60, 120, 180, None, None, None], None),
    ],
)
async def test_the_median_of_those_who_asked(
    engine: AsyncEngine, waits: list[float | None], expected: float | None, gave_up_s: float | None
) -> None:
    await wait(engine, waits, gave_up_s=gave_up_s)
    await wait(engine, [1] * 9, days_ago=31)
    await wait(engine, [1] * 9, where="roeland-park-ks")
    async with engine.connect() as connection:
        assert await expected_wait(connection, "kent-wa", UNKNOWN, AT) == expected


async def test_only_the_last_ones_count(engine: AsyncEngine) -> None:
    await wait(engine, [5000] * 30, days_ago=3)
    await wait(engine, [50] * 20, days_ago=1)
    async with engine.connect() as connection:
        assert await expected_wait(connection, "kent-wa", UNKNOWN, AT) == 50


async def test_one_that_a_liaison_took_up_again_was_never_waited_for(engine: AsyncEngine) -> None:
    await wait(engine, [600] * 5)
    await wait(engine, [0] * 20)
    async with engine.connect() as connection:
        assert await expected_wait(connection, "kent-wa", UNKNOWN, AT) == 600


async def test_who_asked_anew_waits_once(engine: AsyncEngine) -> None:
    await wait(engine, [600] * 5)
    async with engine.begin() as connection:
        asked = AT - dt.timedelta(days=1)
        kept = {"department": "kent-wa", "language": "es", "requested_at": asked, "ended_at": asked}
        await connection.execute(insert(Handoff).values([kept | {"outcome": "replaced"}] * 9))
    async with engine.connect() as connection:
        assert await expected_wait(connection, "kent-wa", UNKNOWN, AT) == 600
