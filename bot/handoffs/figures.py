"""How long residents waited for a person, how it ended, and whether it helped: what supervisors look at.

Only a person's own time counts: from the request on, and office hours alone. Of fewer than FEWEST nothing is shown, and
where subtracting the shown groups from the total would tell something of them, the next smallest isn't shown either.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields, replace
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
    """How often residents asked for a person: claimed, withdrawn before that, or unclaimed to this day."""
    claimed: int | None = None
    withdrawn: int | None = None
    unclaimed: int | None = None
    waiting_median: float | None = None
    waiting_p90: float | None = None
    first_reply_median: float | None = None
    first_reply_p90: float | None = None
    resolution_median: float | None = None
    resolution_p90: float | None = None
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
        Handoff.department.in_(list(hours)),
        # SQLite compares moments as they are written, without their zone.
        Handoff.requested_at >= since.astimezone(dt.UTC),
        Handoff.requested_at < until.astimezone(dt.UTC),
        Handoff.outcome.is_distinct_from("replaced"),
    )
    rows = (await connection.execute(query)).all()

    def grouped(key: Callable[[Any], str]) -> list[Row]:
        groups: defaultdict[str, list[Any]] = defaultdict(list)
        for row in rows:
            groups[key(row)].append(row)
        return _suppressed({name: _row(name, group, hours) for name, group in sorted(groups.items())})

    total = _row("", rows, hours)
    return Figures(
        total=Row("", None) if (total.requests or 0) < FEWEST else _unrated(total) if _few(total.rated) else total,
        by_language=grouped(lambda row: row.language),
        by_topic=grouped(lambda row: row.topic or ""),
    )


def _row(name: str, group: Sequence[Any], hours: Mapping[str, OfficeHours]) -> Row:
    # Who takes an ended conversation up again has claimed it by the moment at which its row says that it was asked for:
    # nobody asked, and nobody waited.
    asked = [row for row in group if row.claimed_at is None or row.claimed_at > row.requested_at]

    def between(rows: Iterable[Any], start: str, end: str) -> list[float]:
        return [
            hours[row.department].open_seconds(getattr(row, start), getattr(row, end))
            for row in rows
            if getattr(row, start) and getattr(row, end)
        ]

    waiting, replying = between(asked, "requested_at", "claimed_at"), between(asked, "requested_at", "replied_at")
    resolving = between(group, "claimed_at", "ended_at")
    rated = [row.helpful for row in group if row.helpful is not None]
    withdrawn = sum(row.claimed_at is None and row.outcome == "withdrawn" for row in asked)
    return Row(
        group=name,
        requests=len(asked),
        claimed=len(waiting),
        withdrawn=withdrawn,
        unclaimed=len(asked) - len(waiting) - withdrawn,
        waiting_median=_median(waiting),
        waiting_p90=_p90(waiting),
        first_reply_median=_median(replying),
        first_reply_p90=_p90(replying),
        resolution_median=_median(resolving),
        resolution_p90=_p90(resolving),
        rated=len(rated),
        helpful=sum(rated) / len(rated) if rated else None,
    )


def _median(values: list[float]) -> float | None:
    return statistics.median(values) if len(values) >= FEWEST else None


def _p90(values: list[float]) -> float | None:
    return sorted(values)[max(-(-len(values) * 9 // 10) - 1, 0)] if len(values) >= FEWEST else None


def _few(size: int | None) -> bool:
    return 0 < (size or 0) < FEWEST


def _unrated(row: Row) -> Row:
    return replace(row, rated=None, helpful=None)


def _suppressed(groups: dict[str, Row]) -> list[Row]:
    hidden = _hidden({name: row.requests or 0 for name, row in groups.items()}, set())
    if len(hidden) >= FEWEST and len(hidden) == sum(row.requests or 0 for row in groups.values()):
        return []  # each has one, and the total would tell so
    unrated = _hidden({name: row.rated or 0 for name, row in groups.items()}, hidden)
    return [
        Row(name, None) if name in hidden else _unrated(row) if name in unrated else row for name, row in groups.items()
    ]


def _hidden(sizes: Mapping[str, int], already: set[str]) -> set[str]:
    """The groups that are too small, and so many more that what is left of the total tells nothing of any of them.

    `already`: those that are hidden anyhow.
    """
    hidden = already | {name for name, size in sizes.items() if _few(size)}
    for name in sorted(sizes.keys() - hidden, key=lambda name: sizes[name]):
        left = [sizes[each] for each in hidden if sizes[each]]
        if not left or (len(left) > 1 and sum(left) >= FEWEST and sum(left) > len(left)):
            break
        if sizes[name]:
            hidden.add(name)
    return hidden


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
