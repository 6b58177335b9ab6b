"""When a department's liaisons are there, in its own time zone, holidays left out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from bot.content.models import WEEKDAYS, Department

_LOOK_AHEAD_DAYS = 30


class OfficeHours:
    """Of one department. Moments go in and come out with their zone."""

    def __init__(self, department: Department) -> None:
        """`department`: its `hours` are None where it hasn't said any."""
        self._zone = ZoneInfo(department.time_zone)
        self._hours = department.hours
        self._holidays = frozenset(department.holidays)

    @property
    def known(self) -> bool:
        """Whether the department has said when its liaisons are there."""
        return self._hours is not None

    def is_open(self, at: dt.datetime) -> bool:
        """Whether they are there at a moment; True where nobody has said."""
        return not self.known or any(start <= at < end for start, end in self._ranges(self._day(at), days=1))

    def next_opening(self, at: dt.datetime) -> dt.datetime | None:
        """When they are there next, in UTC, if they aren't now; None where that isn't known, or is over 30 days off."""
        if self.is_open(at):
            return None
        starts = (start for start, _ in self._ranges(self._day(at), _LOOK_AHEAD_DAYS) if start >= at)
        return next(starts, None)

    def open_seconds(self, start: dt.datetime, end: dt.datetime) -> float:
        """How much of the time between two moments they were there; all of it where nobody has said when."""
        if not self.known:
            return max((end - start).total_seconds(), 0.0)
        days = (self._day(end) - self._day(start)).days + 1
        return sum(
            max((min(close, end) - max(opening, start)).total_seconds(), 0.0)
            for opening, close in self._ranges(self._day(start), days)
        )

    def _day(self, at: dt.datetime) -> dt.date:
        return at.astimezone(self._zone).date()

    def _ranges(self, first: dt.date, days: int) -> Iterator[tuple[dt.datetime, dt.datetime]]:
        """When they are there on so many days, in order, in UTC: on the days when clocks change, too."""
        for day in (first + dt.timedelta(days=n) for n in range(days)):
            if day in self._holidays:
                continue
            for hours in (self._hours or {}).get(WEEKDAYS[day.weekday()], []):
                start, end = (self._moment(day, text) for text in hours.split("-"))
                yield start, end

    def _moment(self, day: dt.date, text: str) -> dt.datetime:
        hour, minute = map(int, text.split(":"))
        if hour == 24:
            day, hour = day + dt.timedelta(days=1), 0
        return dt.datetime(day.year, day.month, day.day, hour, minute, tzinfo=self._zone).astimezone(dt.UTC)
