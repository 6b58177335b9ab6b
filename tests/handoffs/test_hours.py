"""Guards office hours: the department's own time zone, holidays, and the days on which clocks change."""

from __future__ import annotations

import datetime as dt

import pytest
from pydantic import ValidationError

from bot.content.models import Department
from bot.handoffs.hours import OfficeHours

NINE_TO_FIVE = {day: ["09:00-12:00", "13:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")}


def department(**values: object) -> Department:
    text = {"en": "x", "es": "x"}
    base = {"id": "x", "name": text, "short_name": text, "place": text, "also_called": ["x"], "default_language": "en"}
    return Department.model_validate(
        base | {"time_zone": "America/Los_Angeles", "languages": ["en"], "hours": NINE_TO_FIVE} | values
    )


def utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("at", "is_open", "opens"),
    [
        (utc(2026, 11, 24, 17, 0), True, None),  # Tuesday, 9:00 there
        (utc(2026, 11, 24, 16, 59), False, utc(2026, 11, 24, 17, 0)),
        (utc(2026, 11, 24, 20, 30), False, utc(2026, 11, 24, 21, 0)),  # noon
        (utc(2026, 11, 25, 1, 0), False, utc(2026, 11, 25, 17, 0)),  # 17:00 there: closed
        (utc(2026, 11, 28, 20, 0), False, utc(2026, 11, 30, 17, 0)),  # Saturday
        (utc(2026, 11, 26, 20, 0), False, utc(2026, 11, 27, 17, 0)),  # a holiday
        (utc(2026, 7, 1, 16, 0), True, None),  # summer time
    ],
)
def test_open_and_next_opening(at: dt.datetime, is_open: bool, opens: dt.datetime | None) -> None:
    hours = OfficeHours(department(holidays=["2026-11-26"]))
    assert (hours.is_open(at), hours.next_opening(at)) == (is_open, opens)


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        (utc(2026, 11, 24, 17, 0), utc(2026, 11, 24, 18, 0), 1),
        (utc(2026, 11, 24, 16, 0), utc(2026, 11, 25, 2, 0), 7),  # a whole day, without lunch
        (utc(2026, 11, 27, 0, 0), utc(2026, 11, 30, 18, 0), 9),  # an hour, Friday, an hour; over a weekend
        (utc(2026, 11, 24, 18, 0), utc(2026, 11, 24, 17, 0), 0),
    ],
)
def test_only_office_hours_count(start: dt.datetime, end: dt.datetime, hours: float) -> None:
    assert OfficeHours(department()).open_seconds(start, end) == hours * 3600


def test_a_day_on_which_clocks_change_is_as_long_as_it_is() -> None:
    all_day = OfficeHours(department(hours={"sun": ["00:00-24:00"]}))
    assert all_day.open_seconds(utc(2026, 3, 8), utc(2026, 3, 10)) == 23 * 3600
    assert all_day.open_seconds(utc(2026, 11, 1), utc(2026, 11, 3)) == 25 * 3600


def test_where_nobody_has_said_when_nothing_is_claimed() -> None:
    unknown = OfficeHours(department(hours=None))
    assert not unknown.known
    assert unknown.next_opening(utc(2026, 11, 28)) is None
    assert unknown.open_seconds(utc(2026, 11, 28), utc(2026, 11, 29)) == 86400
    never = OfficeHours(department(hours={}))
    assert never.next_opening(utc(2026, 11, 28)) is None
    assert not never.is_open(utc(2026, 11, 28))


@pytest.mark.parametrize("ranges", [["12:00-09:00"], ["09:00-12:00", "11:00-14:00"], ["9-12"], ["09:00-25:00"]])
def test_hours_that_make_no_sense_are_refused(ranges: list[str]) -> None:
    with pytest.raises(ValidationError):
        department(hours={"mon": ranges})
