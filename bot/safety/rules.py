"""Loads and applies the rules: words.yml, and rules/ with one file for each class of danger."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict

from bot.content.documents import validate
from bot.content.models import Text
from bot.content.yamlfile import ContentError, Problem, YamlFile
from bot.messages import SAFETY
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


class _ExcuseEntry(BaseModel):
    """An excuse in words.yml."""

    model_config = ConfigDict(extra="forbid")

    where: Literal["before", "touching", "clause", "message"]
    even_now: bool = False
    patterns: list[str]


class _Words(BaseModel):
    """The shape of words.yml."""

    model_config = ConfigDict(extra="forbid")

    order: list[Text]
    short: dict[str, Text]
    openings: list[Text]
    real: Text
    words: dict[str, Text]
    present: list[Text]
    excuses: dict[str, _ExcuseEntry]


def _said(name: str) -> str:
    if name not in SAFETY:
        raise ValueError("no key of SAFETY in bot/messages.py")
    return name


class _RuleEntry(BaseModel):
    """A rule."""

    model_config = ConfigDict(extra="forbid")

    id: Text
    say: Annotated[str, AfterValidator(_said)]
    unless: list[Text] = []
    patterns: list[str]


class _Class(BaseModel):
    """The shape of a file in rules/."""

    model_config = ConfigDict(extra="forbid")

    words: dict[str, Text] = {}
    rules: list[_RuleEntry]


class SafetyRules:
    """The compiled rules, in the order that words.yml gives."""

    def __init__(self, folder: Path = FOLDER) -> None:
        """Read and compile; raises ContentError with file and line of every rule that can't be used."""
        file = YamlFile.read(folder / "words.yml")
        data = validate(_Words, file)
        files = [YamlFile.read(folder / "rules" / f"{name}.yml") for name in data.order]
        classes = [(each, validate(_Class, each)) for each in files]
        lists = dict(data.words)
        for _, own in classes:
            lists |= own.words
        self._vocabulary = vocabulary = Vocabulary(lists, data.short)
        self._problems: list[Problem] = []
        excuses = {
            name: _Excuse(
                name, excuse.where, excuse.even_now, self._all(excuse.patterns, file, "excuses", name, "patterns")
            )
            for name, excuse in data.excuses.items()
        }
        self._present = self._all(data.present, file, "present")
        needed = ("not", "between", "lead")
        self._problems += [file.problem(f"there is no list {name!r}", "words") for name in needed if name not in lists]
        if not self._problems:
            self._not, self._between, self._lead = (vocabulary.item(f"<{name}>") for name in needed)
        self._rules = [
            _Rule(
                rule.id,
                rule.say,
                self._all(rule.patterns, each, "rules", number, "patterns"),
                tuple(excuses[name] for name in rule.unless if name in excuses),
            )
            for each, own in classes
            for number, rule in enumerate(own.rules)
        ]
        self._problems += [
            each.problem(f"there is no excuse {name!r} in words.yml", "rules", number, "unless")
            for each, own in classes
            for number, rule in enumerate(own.rules)
            for name in rule.unless
            if name not in excuses
        ]
        if self._problems:
            raise ContentError(self._problems)
        self._reader = Reader(vocabulary.words(), expand(data.real), data.short, data.openings)
        # A word that is listened for is left as it is written: with "911" among them, "call 911" is no "call 0".
        listened_for = vocabulary.words()
        numbers = {word for word in listened_for if word[0].isdigit()} - {"0", "0000"}
        if unread := sorted(numbers | {word for word in listened_for if word not in self._reader.read(word).words}):
            message = f"no message is read as having {unread}: write words without accents, a number as 0"
            raise ContentError([file.problem(message, "words")])

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

    def _all(self, patterns: list[str], file: YamlFile, *location: str | int) -> tuple[Pattern, ...]:
        """The compiled `patterns`, which stand at `location` of `file`; what is none is a problem."""
        compiled = []
        for number, pattern in enumerate(patterns):
            try:
                compiled.append(self._vocabulary.compile(pattern))
            except KeyError as error:
                self._problems.append(file.problem(f"there is no list {error}, in {pattern!r}", *location, number))
            except ValueError as error:
                self._problems.append(file.problem(str(error), *location, number))
        return tuple(compiled)

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
