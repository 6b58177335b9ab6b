"""Shares with their confidence intervals, over questions and the replies they got."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.evaluation.questions import Question, cites_quote, right_citation, right_decision
from bot.replies import Reply

Pair = tuple[Question, Reply]


@dataclass(frozen=True)
class Share:
    """`hits` of `total`, with the Wilson interval at 95 %."""

    hits: int
    total: int

    @property
    def value(self) -> float:
        """The share, 0 to 1; nan of nothing."""
        return self.hits / self.total if self.total else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper bound (Wilson 1927)."""
        if not self.total:
            return 0.0, 1.0
        z, n, p = 1.96, self.total, self.value
        centre = (p + z * z / (2 * n)) / (1 + z * z / n)
        margin = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return centre - margin, centre + margin


def expects_answer(question: Question) -> bool:
    """A question that the published text answers."""
    return question.expect.kind == "answer"


def outside(question: Question) -> bool:
    """A question that the published text does not answer, and that no silent topic is about."""
    return question.expect.kind == "no_answer" and not question.topics


def _emergency(pair: Pair) -> bool:
    return pair[1].kind == "emergency" and "report-danger-now" in pair[0].topics


FIGURES: dict[str, tuple[Callable[[Question], bool], Callable[[Pair], bool]]] = {
    "right citation first": (
        expects_answer,
        lambda pair: _emergency(pair) or (pair[1].kind in {"answer", "handoff"} and right_citation(*pair)),
    ),
    "expected words in the first citation": (
        lambda question: expects_answer(question) and bool(question.expect.quote),
        lambda pair: _emergency(pair) or cites_quote(*pair),
    ),
    "right decision": (lambda _: True, lambda pair: right_decision(*pair)),
    "inside, declined": (expects_answer, lambda pair: pair[1].kind == "no_answer"),
    "inside, asked back": (expects_answer, lambda pair: pair[1].kind == "clarify"),
    "inside, asked back with the right topic": (
        expects_answer,
        lambda pair: (
            pair[1].kind == "clarify"
            and any(f'"{topic}"' in choice.send for choice in pair[1].choices for topic in pair[0].topics)
        ),
    ),
    "outside, declined": (outside, lambda pair: pair[1].kind in {"no_answer", "smalltalk", "handoff"}),
    "outside, answered": (outside, lambda pair: pair[1].kind == "answer"),
    "language": (lambda _: True, lambda pair: pair[0].language == pair[1].language),
    "language, one to three words": (
        lambda question: len(question.text.split()) <= 3,
        lambda pair: pair[0].language == pair[1].language,
    ),
    "another department's text": (
        lambda _: True,
        lambda pair: pair[1].department != pair[0].department,
    ),
}
"""Each figure: of which questions, and how many of them hit."""


def figures(pairs: Sequence[Pair]) -> dict[str, Share]:
    """Every figure over these pairs."""
    shares = {}
    for name, (counts, hits) in FIGURES.items():
        counted = [pair for pair in pairs if counts(pair[0])]
        shares[name] = Share(sum(map(hits, counted)), len(counted))
    return shares
