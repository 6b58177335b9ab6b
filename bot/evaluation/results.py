"""All that one evaluation found, for the terminal, for JSON and for the report."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bot.content.library import Library
from bot.evaluation.figures import Pair, Share, figures, share
from bot.evaluation.judging import right_citation, right_decision
from bot.evaluation.peers import First, compared, enlace_first, right_first
from bot.evaluation.reliability import Reliability, reliability

ALL = "all"


@dataclass(frozen=True)
class Results:
    """What came of a list of questions."""

    made: dt.datetime
    content: str
    """Version of the content that it was checked against."""
    encoder: str
    pairs: Sequence[Pair]
    figures: dict[str, dict[str, Share]]
    """By group (all, each language, each department), then by name."""
    both: dict[str, dict[str, dict[str, Share]]]
    """By department, then language, then name."""
    reliability: Reliability | None
    systems: dict[str, dict[str, Share]]
    """Right citation first on the questions that are compared: by system, then group; empty without peers."""
    misses: list[Pair]


def hit(pair: Pair) -> bool:
    """Whether the reply was right: its kind, and where an answer was expected, its topic or words."""
    question, reply = pair
    if not right_decision(question, reply):
        return False
    return question.expect.kind != "answer" or reply.kind == "emergency" or right_citation(question, reply)


def results(
    pairs: Sequence[Pair], library: Library, encoder: str, peers: Mapping[str, Sequence[First]] | None = None
) -> Results:
    """The figures of these pairs; `peers` has, by name, what each put first on the questions that are `compared`."""
    groups: dict[str, list[Pair]] = {ALL: list(pairs)}
    for language in sorted({question.language for question, _ in pairs}):
        groups[language] = [pair for pair in pairs if pair[0].language == language]
    for department in sorted({question.department for question, _ in pairs}):
        groups[department] = [pair for pair in pairs if pair[0].department == department]
    both: dict[str, dict[str, list[Pair]]] = {}
    for pair in sorted(pairs, key=lambda pair: (pair[0].department, pair[0].language)):
        both.setdefault(pair[0].department, {}).setdefault(pair[0].language, []).append(pair)
    return Results(
        made=dt.datetime.now(dt.UTC),
        content=library.version,
        encoder=encoder,
        pairs=pairs,
        figures={name: figures(group, library) for name, group in groups.items()},
        both={
            department: {language: figures(group, library) for language, group in by_language.items()}
            for department, by_language in both.items()
        },
        reliability=reliability(pairs),
        systems=_systems(pairs, library, peers, list(groups)) if peers else {},
        misses=[pair for pair in pairs if not hit(pair)],
    )


def _systems(
    pairs: Sequence[Pair], library: Library, peers: Mapping[str, Sequence[First]], groups: Sequence[str]
) -> dict[str, dict[str, Share]]:
    asked = [pair for pair in pairs if compared(pair[0])]
    firsts = {"enlace": [enlace_first(reply) for _, reply in asked], **peers}
    table: dict[str, dict[str, Share]] = {}
    for system, found in firsts.items():
        right = [right_first(library, pair[0], first) for pair, first in zip(asked, found, strict=True)]
        table[system] = {
            group: share(
                good
                for (question, _), good in zip(asked, right, strict=True)
                if group in {ALL, question.language, question.department}
            )
            for group in groups
        }
    return table


def as_json(found: Results) -> dict[str, Any]:
    """Everything as plain data."""
    return {
        "made": found.made.isoformat(timespec="seconds"),
        "content": found.content,
        "encoder": found.encoder,
        "figures": {group: _shares(shares) for group, shares in found.figures.items()},
        "figures_by_department_and_language": {
            department: {language: _shares(shares) for language, shares in by_language.items()}
            for department, by_language in found.both.items()
        },
        "reliability": found.reliability
        and {
            "expected_calibration_error": found.reliability.error,
            "total": found.reliability.total,
            "bins": [{**asdict(each), "right": _share(each.right)} for each in found.reliability.bins],
        },
        "right_citation_first": {system: _shares(shares) for system, shares in found.systems.items()},
        "misses": [
            {"question": question.model_dump(), "reply": reply.model_dump()} for question, reply in found.misses
        ],
    }


def _share(found: Share) -> dict[str, Any]:
    return {"hits": found.hits, "total": found.total, "value": found.value, "interval": found.interval}


def _shares(shares: Mapping[str, Share]) -> dict[str, dict[str, Any]]:
    return {name: _share(found) for name, found in shares.items() if found.total}
