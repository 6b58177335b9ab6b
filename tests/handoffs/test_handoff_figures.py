"""Guards the figures: a person's own time in office hours alone, and no small group to be found out."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Awaitable, Callable
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from handed_over import NOTICE, Hand
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.content.library import load
from bot.conversations.ownership import Ownership, write
from bot.conversations.store import Store
from bot.conversations.tables import Handoff, Message
from bot.database.tables import now
from bot.handoffs.figures import Figures, Row, bars, figures, to_csv
from bot.handoffs.hours import OfficeHours
from bot.handoffs.ratings import Rated, rated_answers
from bot.settings import Settings

NOON = dt.datetime(2026, 11, 24, 20, 0, tzinfo=dt.UTC)  # Tuesday, 12:00 in Kent
KENT = load(Settings().data_dir).departments["kent-wa"].profile
UNKNOWN = {"kent-wa": OfficeHours(KENT)}
NINE_TO_FIVE = {
    "kent-wa": OfficeHours(KENT.model_copy(update={"hours": {"tue": ["09:00-17:00"], "wed": ["09:00-17:00"]}}))
}


async def handoff(engine: AsyncEngine, minutes: tuple[float | None, ...] = (), **columns: Any) -> None:
    """One that was claimed, replied to and ended so many minutes after it was asked for."""
    names = ("claimed_at", "replied_at", "ended_at")
    times = {
        name: NOON + dt.timedelta(minutes=after)
        for name, after in zip(names, minutes, strict=False)
        if after is not None
    }
    values = {"department": "kent-wa", "language": "es", "requested_at": NOON} | times | columns
    async with engine.begin() as connection:
        await connection.execute(insert(Handoff).values(values))


async def of(engine: AsyncEngine, hours: dict[str, OfficeHours] = UNKNOWN) -> Figures:
    async with engine.connect() as connection:
        return await figures(connection, hours, NOON - dt.timedelta(days=1), NOON + dt.timedelta(days=1))


async def test_times_count_from_the_request_and_the_claim(engine: AsyncEngine) -> None:
    for minutes in (10, 20, 30, 40, 100):
        await handoff(engine, (minutes, minutes + 5, minutes + 60), helpful=minutes != 100)
    await handoff(engine, (), topic="detainers")  # nobody came
    await handoff(engine, (1, 1, 1), department="roeland-park-ks")
    await handoff(engine, (1, 1, 1), requested_at=NOON - dt.timedelta(days=2))
    total = (await of(engine)).total
    assert (total.requests, total.claimed, total.rated, total.helpful) == (6, 5, 5, 0.8)
    assert (total.waiting_median, total.waiting_p90) == (30 * 60, 100 * 60)
    assert (total.first_reply_median, total.resolution_median) == (35 * 60, 60 * 60)


async def test_closed_hours_do_not_count(engine: AsyncEngine) -> None:
    for _ in range(5):
        await handoff(engine, (6 * 60, 22 * 60, 23 * 60))  # closed for 16 of these hours
    total = (await of(engine, NINE_TO_FIVE)).total
    assert (total.waiting_median, total.first_reply_median) == (5 * 3600, 6 * 3600)
    assert total.resolution_median == 2 * 3600


@pytest.mark.parametrize(
    ("sizes", "shown"),
    [
        ({"es": 9, "en": 7}, {"es": 9, "en": 7}),
        ({"es": 9, "en": 4}, {"es": None, "en": None}),  # else the total would give it away
        ({"es": 9, "en": 7, "pt": 2}, {"es": 9, "en": None, "pt": None}),
        ({"es": 9, "en": 3, "pt": 2}, {"es": 9, "en": None, "pt": None}),
        ({"es": 4}, {"es": None}),
        ({"es": 9, "en": 7, "pt": 1, "fr": 1}, {"es": 9, "en": None, "pt": None, "fr": None}),  # two left: one each
        ({"es": 1, "en": 1, "pt": 1, "fr": 1, "zh": 1}, {}),
    ],
)
async def test_small_groups_are_not_shown_and_cannot_be_worked_out(
    engine: AsyncEngine, sizes: dict[str, int], shown: dict[str, int | None]
) -> None:
    for language, size in sizes.items():
        for _ in range(size):
            await handoff(engine, (10, 11, 12), language=language, topic="detainers")
    found = await of(engine)
    assert {row.group: row.requests for row in found.by_language} == shown
    assert found.total.shown is (sum(sizes.values()) >= 5)


async def test_one_opinion_cannot_be_worked_out(engine: AsyncEngine) -> None:
    for language, said in (("es", [True] * 6), ("en", [False] + [None] * 5)):
        for helpful in said:
            await handoff(engine, (1, 2, 3), language=language, helpful=helpful)
    found = await of(engine)
    assert (found.total.rated, found.total.requests) == (7, 12)
    assert {row.group: (row.requests, row.rated, row.helpful) for row in found.by_language} == {
        "es": (6, None, None),
        "en": (6, None, None),
    }


async def test_a_time_that_few_took_is_not_shown(engine: AsyncEngine) -> None:
    await handoff(engine, (10, 11, 12))
    await handoff(engine, (None, None, 5), outcome="withdrawn")
    for _ in range(4):
        await handoff(engine)
    total = (await of(engine)).total
    assert (total.requests, total.claimed, total.withdrawn, total.unclaimed) == (6, 1, 1, 4)
    assert (total.waiting_median, total.first_reply_p90, total.resolution_median) == (None, None, None)


async def test_who_takes_a_conversation_up_again_answers_no_request(
    engine: AsyncEngine, hand: Hand, hire: Callable[..., Awaitable[int]]
) -> None:
    ana, ownership = await hire("Ana"), Ownership(engine)
    for _ in range(5):
        conversation = await hand(ago_s=600)
        await ownership.claim(conversation, ana, NOTICE)
        await ownership.close(conversation, ana, NOTICE)
        for _ in range(2):
            await ownership.reopen(conversation, ana, NOTICE)
            await ownership.close(conversation, ana, NOTICE)
    async with engine.connect() as connection:
        total = (await figures(connection, UNKNOWN, now() - dt.timedelta(days=1), now())).total
    assert total.requests == 5
    assert total.waiting_median is not None
    assert total.waiting_median >= 600


async def test_who_is_put_back_into_the_queue_has_waited_until_the_first_claim(
    engine: AsyncEngine, hand: Hand, hire: Callable[..., Awaitable[int]]
) -> None:
    ana, ownership = await hire("Ana"), Ownership(engine)

    async def claimed(conversation: str) -> dt.datetime | None:
        async with engine.connect() as connection:
            query = select(Handoff.claimed_at).where(Handoff.conversation_id == conversation)
            return await connection.scalar(query)

    for number in range(5):
        conversation = await hand(ago_s=600)
        await ownership.claim(conversation, ana, NOTICE)
        first = await claimed(conversation)
        await ownership.release(conversation, ana, NOTICE)
        if number:
            await ownership.claim(conversation, ana, NOTICE)
        assert await claimed(conversation) == first is not None
    async with engine.connect() as connection:
        total = (await figures(connection, UNKNOWN, now() - dt.timedelta(days=1), now())).total
    assert (total.requests, total.claimed, total.unclaimed) == (5, 5, 0)


async def test_moments_are_compared_whatever_their_zone(engine: AsyncEngine) -> None:
    for _ in range(5):
        await handoff(engine)
    hour, zone = dt.timedelta(hours=1), ZoneInfo("America/Los_Angeles")
    async with engine.connect() as connection:
        found = await figures(connection, UNKNOWN, (NOON - hour).astimezone(zone), (NOON + hour).astimezone(zone))
    assert found.total.requests == 5


def test_a_table_has_no_formula() -> None:
    rows = list(csv.reader(io.StringIO(to_csv({"topic": [Row("=cmd()", 7, waiting_median=1.5), Row("x", None)]}))))
    assert rows[0][:3] == ["by", "group", "requests"]
    assert rows[1][:3] == ["topic", "'=cmd()", "7"]
    assert "1.5" in rows[1]
    assert rows[2][2] == ""


def test_a_plot_is_well_formed_and_takes_labels_as_text() -> None:
    plot = ElementTree.fromstring(bars([("<script>", 5.0, "5 & more"), ("b", 0.0, "0")], "Waits"))
    assert [text.text for text in plot.iter("text")] == ["<script>", "5 & more", "b", "0"]
    assert plot.find("title").text == "Waits"  # type: ignore[union-attr]
    assert "style" not in bars([("a", 1.0, "1")], "t")


async def test_answers_that_helped_least_come_first_and_few_ratings_tell_nothing(engine: AsyncEngine) -> None:
    store = Store(engine)
    ratings = {"papers": [True] * 3 + [False] * 2, "report": [True] * 5, "rare": [False] * 4}
    alone = (await store.create("kent-wa", "web", "es", chosen=False)).id
    said = [(topic, helpful, None) for topic, each in ratings.items() for helpful in each]
    said += [("asked-again", True, alone)] * 9  # by one resident
    for topic, helpful, conversation in said:
        conversation = conversation or (await store.create("kent-wa", "web", "es", chosen=False)).id
        async with engine.begin() as connection:
            await write(connection, conversation, "bot", "…", "es", {"topic": topic})
            rated = update(Message).where(Message.conversation_id == conversation)
            await connection.execute(rated.values(helpful=helpful))
    async with engine.connect() as connection:
        found = await rated_answers(connection, ["kent-wa"], now() - dt.timedelta(days=1))
        assert found == [Rated("papers", 5, 0.6), Rated("report", 5, 1.0)]
        assert await rated_answers(connection, ["kent-wa"], now() + dt.timedelta(days=1)) == []
        assert await rated_answers(connection, ["kansas-city-mo"], now() - dt.timedelta(days=1)) == []


async def test_who_asked_anew_is_counted_once(engine: AsyncEngine) -> None:
    for _ in range(5):
        await handoff(engine, (10, 20, 30))
    await handoff(engine, (None, None, 5), outcome="replaced")
    total = (await of(engine)).total
    assert (total.requests, total.claimed, total.unclaimed) == (5, 5, 0)
