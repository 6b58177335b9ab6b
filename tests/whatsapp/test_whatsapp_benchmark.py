"""Guards what the benchmark of WhatsApp counts as wrong."""

from __future__ import annotations

import datetime as dt

import pytest

from benchmarks.whatsapp import undelivered
from bot.channels.whatsapp.statuses import tracker

AT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def shown(*parts: tuple[int, int, int]) -> list[str]:
    """What Meta repeats of these parts (outbox id, part, of how many) that reached a phone."""
    return [tracker(number, part, of, 1, "a", AT) for number, part, of in parts]


@pytest.mark.parametrize(
    ("rows", "parts", "not_sent", "missing"),
    [
        ([(1, "sent")], [(1, 0, 2), (1, 1, 2)], 0, 0),
        ([(1, "sent")], [(1, 0, 2), (1, 0, 2)], 0, 1),
        ([(1, "sent")], [], 0, 1),
        ([(1, "sent"), (2, "failed"), (3, "pending")], [(1, 0, 1), (3, 0, 2)], 2, 0),
    ],
)
def test_what_never_reached_a_phone_is_counted(
    rows: list[tuple[int, str]], parts: list[tuple[int, int, int]], not_sent: int, missing: int
) -> None:
    assert undelivered(rows, shown(*parts)) == {"not sent": not_sent, "parts never on a phone": missing}
