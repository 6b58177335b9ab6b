"""How long residents waited for a person, how it ended, and whether it helped: what supervisors look at.

Only a person's own time counts: from the request on, and office hours alone. A group of fewer than FEWEST is not shown,
and where that leaves one group to be found by subtraction, the next smallest isn't either.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from html import escape
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.conversations.tables import Handoff
from bot.handoffs.hours import OfficeHours

FEWEST = 5


@dataclass(frozen=True)
class Row:
    """One group of handoffs; times in seconds of office hours, None where there is none, or too few to be shown."""

    group: str
    requests: int | None
    claimed: int | None = None
    waiting_median: float | None = None
    waiting_p90: float | None = None
    first_reply_median: float | None = None
    resolution_median: float | None = None
    rated: int | None = None
    helpful: float | None = None
    """Share of those who said that it helped."""

    @property
    def shown(self) -> bool:
        """False where the group is too small."""
        return self.requests is not None


@dataclass(frozen=True)
class Figures:
    """Of one stretch of time."""

    total: Row
    by_language: list[Row]
    by_topic: list[Row]


async def figures(
    connection: AsyncConnection, hours: Mapping[str, OfficeHours], since: dt.datetime, until: dt.datetime
) -> Figures:
    """Of the handoffs that were asked for in that time, in the departments of `hours`."""
    query = select(Handoff).where(
        Handoff.department.in_(list(hours)), Handoff.requested_at >= since, Handoff.requested_at < until
    )
    rows = (await connection.execute(query)).all()

    def grouped(key: Callable[[Any], str]) -> list[Row]:
        groups: defaultdict[str, list[Any]] = defaultdict(list)
        for row in rows:
            groups[key(row)].append(row)
        return _suppressed({name: _row(name, group, hours) for name, group in sorted(groups.items())})

    total = _row("", rows, hours)
    return Figures(
        total=total if len(rows) >= FEWEST else Row("", None),
        by_language=grouped(lambda row: row.language),
        by_topic=grouped(lambda row: row.topic or ""),
    )


def _row(name: str, group: Sequence[Any], hours: Mapping[str, OfficeHours]) -> Row:
    def between(start: str, end: str) -> list[float]:
        return [
            hours[row.department].open_seconds(getattr(row, start), getattr(row, end))
            for row in group
            if getattr(row, start) and getattr(row, end)
        ]

    waiting, replying = between("requested_at", "claimed_at"), between("requested_at", "replied_at")
    resolving = between("claimed_at", "ended_at")
    rated = [row.helpful for row in group if row.helpful is not None]
    return Row(
        group=name,
        requests=len(group),
        claimed=len(waiting),
        waiting_median=_median(waiting),
        waiting_p90=_p90(waiting),
        first_reply_median=_median(replying),
        resolution_median=_median(resolving),
        rated=len(rated),
        helpful=sum(rated) / len(rated) if len(rated) >= FEWEST else None,
    )


def _median(values: list[float]) -> float | None:
    return statistics.median(values) if values else None


def _p90(values: list[float]) -> float | None:
    return sorted(values)[max(-(-len(values) * 9 // 10) - 1, 0)] if values else None


def _suppressed(groups: dict[str, Row]) -> list[Row]:
    by_size = sorted(groups.values(), key=lambda row: row.requests or 0)
    hidden = {row.group for row in by_size if (row.requests or 0) < FEWEST}
    if len(hidden) == 1 and len(by_size) > 1:
        hidden.add(by_size[1].group)
    return [Row(name, None) if name in hidden else row for name, row in groups.items()]


def to_csv(parts: Mapping[str, Iterable[Row]]) -> str:
    """A table; `parts` are its sections by name. No cell can be taken for a formula by a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["by", *(field.name for field in fields(Row))])
    for name, rows in parts.items():
        for row in rows:
            writer.writerow([_cell(value) for value in (name, *astuple(row))])
    return text.getvalue()


def _cell(value: object) -> str:
    text = "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def bars(rows: Sequence[tuple[str, float, str]], title: str) -> str:
    """A bar chart as SVG: a label, a length and what is written at its end for each. For reading aloud: `title`."""
    longest = max((length for _, length, _ in rows), default=0) or 1
    height = 32 * len(rows)
    parts = [
        f'<svg viewBox="0 0 640 {height}" width="640" height="{height}" role="img"><title>{escape(title)}</title>',
    ]
    for number, (label, length, said) in enumerate(rows):
        y = 32 * number
        width = round(260 * length / longest, 1)
        parts.append(
            f'<text x="0" y="{y + 21}">{escape(label)}</text>'
            f'<rect class="bar" x="240" y="{y + 6}" width="{width}" height="20" rx="4"/>'
            f'<text x="{248 + width}" y="{y + 21}">{escape(said)}</text>'
        )
    return "".join([*parts, "</svg>"])
