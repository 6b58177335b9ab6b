"""Shares with their confidence intervals, over questions and the replies they got; docs/evaluation.md explains each."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bot.content.library import Library
from bot.evaluation.citations import leaked, limits
from bot.evaluation.judging import cites_quote, right_citation, right_decision
from bot.questions import Question
from bot.replies import REPORT_DANGER, Reply, topic_choice

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
        return max(0.0, centre - margin), min(1.0, centre + margin)  # rounding goes a hair beyond


def share(hits: Iterable[bool]) -> Share:
    """How many of these are true."""
    counted = list(hits)
    return Share(sum(counted), len(counted))


def expects_answer(question: Question) -> bool:
    """A question that the published text answers."""
    return question.expect.kind == "answer"


def outside(question: Question) -> bool:
    """A question that the published text does not answer, and that no silent topic is about."""
    return question.expect.kind == "no_answer" and not question.topics


def _emergency(pair: Pair) -> bool:
    return pair[1].kind == "emergency" and REPORT_DANGER in pair[0].topics


def _declined(pair: Pair) -> bool:
    return pair[1].kind in {"no_answer", "smalltalk", "handoff"}


def _sent_away(pair: Pair) -> bool:
    """Whether a question got no answer: a person is one where that was the question."""
    return _declined(pair) and not (pair[1].kind == "handoff" and right_decision(*pair))


def _has_language(question: Question) -> bool:
    """Nobody can tell in what language "vvvv" is."""
    return question.sort != "gibberish"


def _same_language(pair: Pair) -> bool:
    return pair[0].language == pair[1].language


def offers(reply: Reply, topics: Iterable[str]) -> bool:
    """Whether one of the reply's buttons leads to one of these topics."""
    return bool({choice.send for choice in reply.choices} & {topic_choice(topic) for topic in topics})


FIGURES: dict[str, tuple[Callable[[Question], bool], Callable[[Pair], bool]]] = {
    "right citation first": (
        expects_answer,
        lambda pair: _emergency(pair) or (pair[1].kind in {"answer", "handoff", "emergency"} and right_citation(*pair)),
    ),
    "expected words in the first citation": (
        lambda question: expects_answer(question) and bool(question.expect.quote),
        lambda pair: _emergency(pair) or cites_quote(*pair),
    ),
    "right decision": (lambda _: True, lambda pair: right_decision(*pair)),
    "inside, declined": (expects_answer, _sent_away),
    "inside, asked back": (expects_answer, lambda pair: pair[1].kind == "clarify"),
    "inside, asked back with the right topic": (
        expects_answer,
        lambda pair: pair[1].kind == "clarify" and offers(pair[1], pair[0].topics),
    ),
    "outside, declined": (outside, _declined),
    "outside, answered": (outside, lambda pair: pair[1].kind == "answer"),
    "language": (_has_language, _same_language),
    "language, one to three words": (
        lambda question: _has_language(question) and len(question.text.split()) <= 3,
        _same_language,
    ),
}
"""Each figure of single questions: of which, and how many of them hit."""

PARITY = "same decision in both languages"
EXCEPTIONS = "every exception cited"
LEAKS = "citations that the department never published"


def figures(pairs: Sequence[Pair], library: Library) -> dict[str, Share]:
    """Every figure over these pairs; `library` has the departments that were asked."""
    shares = {name: share(hits(pair) for pair in pairs if counts(pair[0])) for name, (counts, hits) in FIGURES.items()}
    for kind in sorted({question.expect.kind for question, _ in pairs}):
        shares[f"right decision: {kind}"] = share(
            right_decision(*pair) for pair in pairs if pair[0].expect.kind == kind
        )
    for sort in sorted({question.sort for question, _ in pairs if question.sort and outside(question)}):
        shares[f"outside, declined: {sort}"] = share(
            _declined(pair) for pair in pairs if outside(pair[0]) and pair[0].sort == sort
        )
    shares[PARITY] = parity(pairs)
    cited = [(library.departments[question.department], reply.citations) for question, reply in pairs]
    limited = [[there for _, there in limits(content, citations)] for content, citations in cited]
    shares[EXCEPTIONS] = share(all(found) for found in limited if found)
    shares[LEAKS] = share(leaked(content, citation) for content, citations in cited for citation in citations)
    return shares


def parity(pairs: Sequence[Pair]) -> Share:
    """Of the questions asked in more than one language: how many got one decision (kind, and topic if answered)."""
    same: dict[tuple[str, int], list[Pair]] = defaultdict(list)
    for question, reply in pairs:
        if question.pair is not None:
            same[question.department, question.pair].append((question, reply))
    groups = [group for group in same.values() if len({question.language for question, _ in group}) > 1]
    return share(
        len({(reply.kind, reply.topic if reply.kind == "answer" else None) for _, reply in group}) == 1
        for group in groups
    )
