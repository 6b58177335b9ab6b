"""Patterns over the words of a message. How they are written is said at the head of words.yml."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice, product

from bot.safety.text import Words, split

NEAR, FAR = 5, 12
"""How many words the gaps `..` and `...` may hold."""

ENOUGH = 20
"""A word that is written six hundred times makes as many matches; the first ones say it all."""

Span = tuple[int, int]
"""The number of the first word, and of the first one that is no longer part."""

_Phrase = tuple[str, ...]
"""The words of a phrase, as a message is read."""

_COMMA = re.compile(r",\s+")
_BRACES = re.compile(r"(.*?)\{([^{}]*)\}(.*)")
_PART = re.compile(r"~?(?:[\w<>{},]+(?:\|[\w<>{},]+)*|\([\w<>{},| ]+\))\??")
_PARTS = re.compile(r"~?\([^()]*\)\??|\S+")
_BEGIN, _END = -1, -2


def expand(entries: str) -> list[str]:
    """The phrases that `entries` has between commas, with each {a,b} written out."""
    return [phrase for entry in _COMMA.split(entries.strip()) for phrase in _braces(entry)]


def _braces(entry: str) -> list[str]:
    if not (match := _BRACES.fullmatch(entry)):
        return [entry]
    before, choices, after = match.groups()
    return [whole for choice in choices.split(",") for whole in _braces(f"{before}{choice}{after}")]


@dataclass(frozen=True)
class _Step:
    item: int
    """The number of the words it stands for; _BEGIN and _END are those of a clause."""
    gap: int = 0
    optional: bool = False
    absent: bool = False


@dataclass(frozen=True)
class Pattern:
    """One pattern, and the items that a message must have."""

    steps: tuple[_Step, ...]
    needs: frozenset[int]
    rarest: int
    """The item that it needs and that the fewest phrases are of: no match without one near."""
    reach: int
    """How many words before that one a match may begin."""
    also: Pattern | None
    """What else has to be in the message."""


class Vocabulary:
    """All words that patterns listen for. An item is what one part of a pattern stands for, and has a number."""

    def __init__(self, lists: Mapping[str, str], short: Mapping[str, str]) -> None:
        """`lists` are phrases with commas between them, by name; `short`, words and what they stand for."""
        self._lists = lists
        self._short = short
        self._expanded: dict[str, list[_Phrase]] = {}
        self._read: dict[str, _Phrase] = {}
        self._numbers: dict[str, int] = {}
        self.phrases_of: dict[int, set[_Phrase]] = {}
        """The phrases of an item."""
        self.items: dict[_Phrase, set[int]] = {}
        """The items that a phrase is one of."""
        self.lengths: dict[str, set[int]] = {}
        """How many words the phrases have that begin with a word."""

    def words(self) -> set[str]:
        """Every word listened for."""
        return {word for phrase in self.items for word in phrase}

    def compile(self, text: str) -> Pattern:
        """The pattern that `text` writes; raises KeyError on an unknown list, ValueError on what is no pattern."""
        text, _, rest = text.partition(" & ")
        also = self.compile(rest) if rest else None
        steps: list[_Step] = []
        needs: set[int] = set()
        gap = 0
        for part in _PARTS.findall(text):
            if part in ("..", "..."):
                gap = NEAR if part == ".." else FAR
            elif part in ("^", "$"):
                steps.append(_Step(_BEGIN if part == "^" else _END))
            elif _PART.fullmatch(part):
                absent, optional = part.startswith("~"), part.endswith("?")
                item = self.item(part.removeprefix("~").removesuffix("?").strip("()"))
                steps.append(_Step(item, gap, optional, absent))
                # If it is left out, its gap is that of the next one.
                gap = gap if optional or absent else 0
                if not optional and not absent:
                    needs.add(item)
            else:
                raise ValueError(f"{part!r} is no part of a pattern, in {text!r}.")
        if not needs:
            raise ValueError(f"The pattern {text!r} needs no word.")
        rarest = min(needs, key=lambda item: len(self.phrases_of[item]))
        reach = 0
        for step in steps:
            reach += step.gap
            if step.item == rarest and not step.absent:
                break
            if step.item >= 0 and not step.absent:
                reach += max(len(phrase) for phrase in self.phrases_of[step.item])
        everything = needs | also.needs if also else needs
        return Pattern(tuple(steps), frozenset(everything), rarest, reach, also)

    def item(self, choices: str) -> int:
        """The number of `choices`: words and <lists> with | between them."""
        if choices not in self._numbers:
            self._numbers[choices] = number = len(self._numbers)
            phrases = self.phrases_of[number] = set()
            for choice in choices.split("|"):
                phrases.update(self._phrases(choice))
            for phrase in phrases:
                self.items.setdefault(phrase, set()).add(number)
                self.lengths.setdefault(phrase[0], set()).add(len(phrase))
        return self._numbers[choices]

    def _as_read(self, word: str) -> _Phrase:
        """A word as a message is read, in which it may be more than one."""
        if word not in self._read:
            self._read[word] = tuple(split(self._short.get(word, word)))
        return self._read[word]

    def _list(self, name: str) -> list[_Phrase]:
        """The phrases of a list. Most lists stand in many patterns, so each is worked out once."""
        if name not in self._expanded:
            self._expanded[name] = [phrase for entry in expand(self._lists[name]) for phrase in self._phrases(entry)]
        return self._expanded[name]

    def _phrases(self, entry: str) -> Iterable[_Phrase]:
        """The phrases of an entry such as "<my> little <child>"."""
        parts = [
            self._list(part[1:-1]) if part.startswith("<") else [self._as_read(word) for word in _braces(part)]
            for part in entry.split()
        ]
        return parts[0] if len(parts) == 1 else (tuple(chain.from_iterable(phrase)) for phrase in product(*parts))


class Found:
    """A message and where each item stands in it."""

    def __init__(self, words: Words, vocabulary: Vocabulary) -> None:
        """Finds every phrase of the vocabulary; where an item stands is worked out when a pattern asks for it."""
        self.words = words
        places: dict[tuple[str, ...], list[Span]] = {}
        for start, first in enumerate(words.words):
            for length in vocabulary.lengths.get(first, ()):
                end = start + length
                phrase = tuple(words.words[start:end])
                if end <= len(words.words) and phrase in vocabulary.items:
                    places.setdefault(phrase, []).append((start, end))
        self._places: dict[int, list[list[Span]]] = {}
        for phrase, spans in places.items():
            for item in vocabulary.items[phrase]:
                self._places.setdefault(item, []).append(spans)
        self.items = set(self._places)
        """The items that were found."""
        self._ends: dict[int, dict[int, list[int]]] = {}
        self._spans: dict[str, list[Span]] = {}

    def ends(self, item: int) -> dict[int, list[int]]:
        """Where each of `item` ends, by where it begins, in order; in one sentence."""
        if item not in self._ends:
            ends: dict[int, list[int]] = {}
            for start, end in sorted(chain.from_iterable(self._places.get(item, ()))):
                if self._together(start, end - 1):
                    ends.setdefault(start, []).append(end)
            self._ends[item] = ends
        return self._ends[item]

    def spans(self, name: str, patterns: Iterable[Pattern]) -> list[Span]:
        """The whole spans of what matches one of `patterns`, which go by `name`."""
        if name not in self._spans:
            self._spans[name] = [
                (spans[0][0], spans[-1][1])
                for pattern in patterns
                if pattern.needs <= self.items
                for spans in islice(self.matches(pattern), ENOUGH)
            ]
        return self._spans[name]

    def matches(self, pattern: Pattern) -> Iterator[tuple[Span, ...]]:
        """The spans of the items of each match of `pattern`; it needs no other items than the message has."""
        also = list(islice(self.matches(pattern.also), ENOUGH)) if pattern.also else [()]
        rarest = list(self.ends(pattern.rarest)) if also else []
        for start in self._begins(pattern):
            # Sorted: the first one not before `start` is the nearest.
            near = bisect_left(rarest, start)
            if near == len(rarest) or rarest[near] > start + pattern.reach:
                continue
            for spans in self._rest(pattern.steps, 0, start, ()):
                others = next((others for others in also if not _overlap(spans, others)), None)
                if others is not None:
                    yield tuple(sorted((*spans, *others)))

    def _begins(self, pattern: Pattern) -> Iterable[int]:
        """The numbers of the words that a match may begin with."""
        lead = next(step for step in pattern.steps if step.item >= 0 and not step.absent)
        if not lead.optional:
            return self.ends(lead.item)
        # If the first words may be left out, it may begin anywhere, or with any clause.
        places, first = range(len(self.words.words)), pattern.steps[0]
        return [place for place in places if self._holds(first, place, leads=True)] if first.item == _BEGIN else places

    def _rest(
        self, steps: tuple[_Step, ...], at: int, place: int, spans: tuple[Span, ...]
    ) -> Iterator[tuple[Span, ...]]:
        """The matches of `steps` from number `at` on, at the word number `place`."""
        while at < len(steps):
            step = steps[at]
            at += 1
            if step.item < 0 or step.absent:
                if not self._holds(step, place, leads=not spans):
                    return
                continue
            if step.optional:
                yield from self._rest(steps, at, place, spans)
            ends = self.ends(step.item)
            places = [
                (start, end)
                for start in range(place, place + step.gap + 1)
                if start in ends and (not spans or step.gap == FAR or self._together(spans[-1][0], start))
                for end in ends[start]
            ]
            if not places:
                return
            for start, end in places[1:]:
                yield from self._rest(steps, at, end, (*spans, (start, end)))
            spans, place = (*spans, places[0]), places[0][1]
        yield spans

    def _holds(self, step: _Step, place: int, *, leads: bool) -> bool:
        """Whether a step that takes no words holds before the word number `place`."""
        clauses = self.words.clauses
        if step.item < 0:
            if place in (0, len(clauses)):
                return (place == 0) == (step.item == _BEGIN)
            return clauses[place - 1] != clauses[place]
        if leads:
            return not any(
                place in ends and self._together(start, place) for start, ends in self.ends(step.item).items()
            )
        return place not in self.ends(step.item) or not self._together(place - 1, place)

    def _together(self, one: int, other: int) -> bool:
        """Whether two words stand in one sentence."""
        return self.words.sentences[one] == self.words.sentences[other]


def _overlap(some: tuple[Span, ...], others: tuple[Span, ...]) -> bool:
    return any(one[0] < other[1] and other[0] < one[1] for one in some for other in others)
