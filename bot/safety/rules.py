"""Loads and applies the rules: words.yml, and rules/ with one file for each class of danger."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

from bot.content.yamlfile import read_data
from bot.safety.patterns import ENOUGH, Found, Pattern, Span, Vocabulary, expand
from bot.safety.text import Reader

FOLDER = Path(__file__).parent
# Without marks a whole story is one clause: what stands this many words away excuses nothing.
_REACH = 12


@dataclass(frozen=True)
class Flag:
    """A rule that fired: its id, and the message that answers it."""

    rule: str
    say: str


@dataclass(frozen=True)
class _Excuse:
    name: str
    where: Literal["before", "touching", "clause", "message"]
    even_now: bool
    patterns: tuple[Pattern, ...]

    @property
    def always(self) -> bool:
        """Whether it holds for all of a message, whatever else that says."""
        return self.where == "message" and self.even_now


@dataclass(frozen=True)
class _Rule:
    id: str
    say: str
    patterns: tuple[Pattern, ...]
    unless: tuple[_Excuse, ...]


_PIECE, _STEP = 20, 10
_SENTENCE_END = re.compile(r"(?<=[.!?…;:])\s+|\n+")


def pieces(text: str) -> list[str]:
    """The sentences of `text`, and of a long one each `_PIECE` words, by `_STEP`: danger may be told in one of them."""
    found = []
    for sentence in _SENTENCE_END.split(text):
        words = sentence.split()
        last = max(len(words) - _PIECE, 0) + _STEP if words else 0
        found += [" ".join(words[start : start + _PIECE]) for start in range(0, last, _STEP)]
    return found


class SafetyRules:
    """The compiled rules, in the order that words.yml gives."""

    def __init__(self, folder: Path = FOLDER) -> None:
        """Read and compile; raises KeyError or ValueError on a rule that can't be used."""
        data = read_data(folder / "words.yml")
        classes = [read_data(folder / "rules" / f"{name}.yml") for name in data["order"]]
        lists: dict[str, str] = dict(data["words"])
        for own in classes:
            lists |= own.get("words", {})
        self._vocabulary = vocabulary = Vocabulary(lists, data["short"])
        excuses = {
            name: _Excuse(name, excuse["where"], excuse.get("even_now", False), self._all(excuse["patterns"]))
            for name, excuse in data["excuses"].items()
        }
        self._present = self._all(data["present"])
        self._not, self._between, self._lead = (vocabulary.item(f"<{name}>") for name in ("not", "between", "lead"))
        self._rules = [
            _Rule(
                rule["id"],
                rule["say"],
                self._all(rule["patterns"]),
                tuple(excuses[name] for name in rule.get("unless", [])),
            )
            for own in classes
            for rule in own["rules"]
        ]
        self._reader = Reader(vocabulary.words(), expand(data["real"]), data["short"], data["openings"])
        # A word that is listened for is left as it is written: with "911" among them, "call 911" is no "call 0".
        listened_for = vocabulary.words()
        numbers = {word for word in listened_for if word[0].isdigit()} - {"0", "0000"}
        if unread := sorted(numbers | {word for word in listened_for if word not in self._reader.read(word).words}):
            raise ValueError(f"no message is read as having {unread}: write words without accents, a number as 0")

    def check(self, text: str) -> Flag | None:
        """The first rule that `text` fires, or None."""
        found = Found(self._reader.read(text), self._vocabulary)
        for rule in self._rules:
            patterns = [pattern for pattern in rule.patterns if pattern.needs <= found.items]
            if not patterns or any(
                excuse.always and found.spans(excuse.name, excuse.patterns) for excuse in rule.unless
            ):
                continue
            for pattern in patterns:
                for spans in islice(found.matches(pattern), ENOUGH):
                    if not self._excused(found, rule, spans):
                        return Flag(rule.id, rule.say)
        return None

    def _all(self, patterns: list[str]) -> tuple[Pattern, ...]:
        return tuple(self._vocabulary.compile(pattern) for pattern in patterns)

    def _excused(self, found: Found, rule: _Rule, spans: tuple[Span, ...]) -> bool:
        """Whether what matched is denied, over, or only asked about or told of."""
        taken = {place for start, end in spans for place in range(start, end)}
        if any(self._denied(found, start, taken) for start, _ in spans):
            return True
        clauses = found.words.clauses
        first, last = clauses[spans[0][0]], clauses[spans[-1][1] - 1]
        now: bool | None = None
        for excuse in rule.unless:
            if any(
                self._applies(found, excuse, match, spans, (first, last))
                for match in found.spans(excuse.name, excuse.patterns)
            ):
                if not excuse.even_now and now is None:
                    now = any(_inside(found, match, first, last) for match in found.spans("present", self._present))
                if excuse.even_now or not now:
                    return True
        return False

    def _denied(self, found: Found, start: int, taken: set[int]) -> bool:
        """Whether a "not" that isn't part of the pattern stands before the word number `start`."""
        clauses = found.words.clauses
        for place in range(start - 1, -1, -1):
            if clauses[place] != clauses[start] or place in taken:
                return False
            if place in found.ends(self._not):
                return True
            if place not in found.ends(self._between):
                return False
        return False

    def _applies(
        self, found: Found, excuse: _Excuse, match: Span, spans: tuple[Span, ...], clauses: tuple[int, int]
    ) -> bool:
        start, end = spans[0][0], spans[-1][1]
        if excuse.where == "message":
            return True
        if match[0] - end > _REACH or start - match[1] > _REACH:
            return False
        if excuse.where == "clause":
            return _inside(found, match, *clauses) or _is_clause(found, match, clauses[0] - 1)
        if found.words.clauses[match[0]] != clauses[0] or match[1] > start:
            return False
        return excuse.where == "before" or all(place in found.ends(self._lead) for place in range(match[1], start))


def _inside(found: Found, match: Span, first: int, last: int) -> bool:
    return first <= found.words.clauses[match[0]] and found.words.clauses[match[1] - 1] <= last


def _is_clause(found: Found, match: Span, clause: int) -> bool:
    """Whether a match is all of a clause: "Last year, …" is about the clause that follows."""
    clauses = found.words.clauses
    start, end = match
    return (
        clauses[start] == clauses[end - 1] == clause
        and (start == 0 or clauses[start - 1] != clause)
        and (end == len(clauses) or clauses[end] != clause)
    )
