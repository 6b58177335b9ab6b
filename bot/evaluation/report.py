"""The report of an evaluation: one page with its pictures, that needs no network, no script and no other file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.evaluation.figures import EXCEPTIONS, LEAKS, PARITY, Pair, Share
from bot.evaluation.peer_names import PEERS
from bot.evaluation.results import ALL, Results
from bot.replies import REPORT_DANGER

MAX_TOPICS = 24
"""With more topics than a page is wide, those that were never confused are left out of the picture."""
OUTSIDE, DECLINED, ASKED_BACK, EMERGENCY = "(not in the texts)", "(declined)", "(asked back)", "(call 911)"
_HEADLINES = ("right citation first", "outside, declined", PARITY, EXCEPTIONS, LEAKS)


@dataclass(frozen=True)
class Cell:
    """How many questions of a row's topic got a column's answer."""

    row: int
    column: int
    count: int
    share: float
    """Of the row's questions."""
    tone: str
    """`right`, `unsure` (asked back or declined) or `wrong`."""


@dataclass(frozen=True)
class Confusion:
    """What was answered to what: topics expected by rows, topics answered by columns; empty cells are not listed."""

    rows: list[str]
    columns: list[str]
    cells: list[Cell]
    left_out: int
    """Topics that were never confused."""


def confusion(pairs: Sequence[Pair], max_topics: int = MAX_TOPICS) -> Confusion:
    """Expected beside answered topics; where a question has several right ones, the one answered counts as expected."""
    counts = Counter(filter(None, map(_expected_and_answered, pairs)))
    rows = {expected for expected, _ in counts}
    wrong = {pair for pair in counts if _tone(*pair) == "wrong"}
    left_out: set[str] = set()
    if len(rows) > max_topics:
        confused = {name for pair in wrong for name in pair}
        left_out = {name for name in rows - confused if not name.startswith("(")}
    kept = {pair: count for pair, count in counts.items() if pair[0] not in left_out}
    totals = Counter[str]()
    for (expected, _), count in kept.items():
        totals[expected] += count
    row_names, column_names = _ordered({row for row, _ in kept}), _ordered({column for _, column in kept})
    cells = [
        Cell(
            row_names.index(expected),
            column_names.index(answered),
            count,
            count / totals[expected],
            _tone(expected, answered),
        )
        for (expected, answered), count in sorted(kept.items())
    ]
    return Confusion(row_names, column_names, cells, len(left_out))


def _expected_and_answered(pair: Pair) -> tuple[str, str] | None:
    """A row and a column; None of a question that expects neither a topic nor to be declined, small talk say."""
    question, reply = pair
    kinds = {"clarify": ASKED_BACK, "emergency": EMERGENCY}
    answered = kinds.get(reply.kind) or reply.topic or DECLINED
    if not question.topics:
        return (OUTSIDE, answered) if question.expect.kind == "no_answer" else None
    if answered in question.topics:
        return answered, answered
    return question.expect.topic or min(question.topics), answered


def _tone(expected: str, answered: str) -> str:
    if answered == expected or (expected, answered) in {(OUTSIDE, DECLINED), (REPORT_DANGER, EMERGENCY)}:
        return "right"
    return "unsure" if answered in {DECLINED, ASKED_BACK} else "wrong"


def _ordered(names: set[str]) -> list[str]:
    """Topics by name, and what is no topic behind them."""
    return sorted(names, key=lambda name: (name.startswith("("), name))


def _percent(value: float) -> str:
    return f"{value * 100:.1f}\N{NO-BREAK SPACE}%"


def render(found: Results) -> str:
    """The page as HTML; every text in it is escaped."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = _percent
    overall = found.figures[ALL]
    return environment.get_template("report.html").render(
        found=found,
        headlines=[(name, overall[name]) for name in _HEADLINES if overall[name].total],
        names=[name for name, each in overall.items() if each.total],
        nothing=Share(0, 0),
        peers=PEERS,
        confusion=confusion(found.pairs),
        leaks=LEAKS,
        languages=sorted({question.language for question, _ in found.pairs}),
    )


def write_report(folder: Path, found: Results) -> Path:
    """Write `folder`/index.html and return it; raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "index.html"
    page.write_text(render(found), encoding="utf-8")
    return page
