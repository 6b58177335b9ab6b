"""Loads and applies the rules of rules.yml."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot.content.check import plain

RULES = Path(__file__).with_name("rules.yml")

_WORD = re.compile(r"<(\w+)>")
_APOSTROPHES = str.maketrans("", "", "'’")
_STOPS = re.compile(r"[.,;:!?¿¡()\n…—–-]+")
# Where a clause begins: at a conjunction, and at a question about what to do, which people often add without a comma.
_OPENINGS = re.compile(
    r" (?=(?:y|pero|and|but|what (?:do|should|can) (?:i|we)|how do i|que (?:hago|hacemos|debo)"
    r"|como (?:reporto|denuncio)) )"
)
_WHEN = re.compile(
    r"yesterday|last \w+|\w+ \w+ ago|(?:back )?in \d+"
    r"|ayer|anoche|antier|anteayer|hace \w+ \w+|(?:la|el) \w+ pasad[oa]|en \d+"
)


@dataclass(frozen=True)
class Flag:
    """A rule that fired: its id, and the message that answers it."""

    rule: str
    say: str


@dataclass(frozen=True)
class _Rule:
    id: str
    say: str
    patterns: tuple[re.Pattern[str], ...]
    unless: re.Pattern[str] | None


class SafetyRules:
    """The compiled rules, in the order of the file."""

    def __init__(self, path: Path = RULES) -> None:
        """Read and compile; raises re.error or KeyError on a rule that can't be used."""
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        words = data.get("words", {})
        self._present = _any_of(data.get("present", []), words)
        self._rules = [
            _Rule(
                rule["id"],
                rule["say"],
                tuple(re.compile(_expand(pattern, words)) for pattern in rule["patterns"]),
                _any_of((pattern for group in rule.get("unless", []) for pattern in group), words),
            )
            for rule in data["rules"]
        ]

    def check(self, text: str) -> Flag | None:
        """The first rule that `text` fires, or None."""
        clauses = list(_clauses(text))
        words = " ".join(clauses)
        for rule in self._rules:
            for pattern in rule.patterns:
                for match in pattern.finditer(words):
                    if not self._excused(rule, _around(clauses, *match.span())):
                        return Flag(rule.id, rule.say)
        return None

    def _excused(self, rule: _Rule, said: str) -> bool:
        """Whether the clauses of a match, `said`, are about what is over or only asked about."""
        if not rule.unless or not rule.unless.search(said):
            return False
        return not (self._present and self._present.search(said))


def _expand(pattern: str, words: dict[str, Any]) -> str:
    """`pattern` with each <name> replaced by the alternatives of `words`, which may have names in them too."""
    return _WORD.sub(lambda match: f"(?:{_expand(words[match[1]], words)})", pattern)


def _any_of(patterns: Iterable[str], words: dict[str, Any]) -> re.Pattern[str] | None:
    joined = "|".join(f"(?:{_expand(pattern, words)})" for pattern in patterns)
    return re.compile(joined) if joined else None


def _clauses(text: str) -> Iterator[str]:
    """The clauses of `text` as the patterns see them; "last night, …" belongs to the clause that it is about."""
    when = ""
    for part in _STOPS.split(text.translate(_APOSTROPHES)):
        for clause in _OPENINGS.split(plain(part)):
            joined = f"{when} {clause}".strip()
            when = joined if _WHEN.fullmatch(joined) else ""
            if joined and not when:
                yield joined
    if when:
        yield when


def _around(clauses: list[str], start: int, end: int) -> str:
    """The clauses that the span touches, in the text that they make when joined by spaces."""
    touched, position = [], 0
    for clause in clauses:
        if position < end and start < position + len(clause):
            touched.append(clause)
        position += len(clause) + 1
    return " ".join(touched)
