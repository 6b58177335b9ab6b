"""Several questions in one message: "Do you ask for papers, and can I report in Spanish?"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from bot.content.models import Language
from bot.content.plain import plain

MOST = 4
"""So many questions of a message are searched for: each takes a pass of the encoder."""
_SHORTEST = 2
"""Words of a question with a mark. One without needs a word more."""
_LONGEST = 6
"""Words of a message that does no more than name another question: "and what about the second one"."""
_SENTENCE_END = re.compile(r"(?<=[.?!;:])\s+|\n+|(?<=[?!])(?=\w)")
_MARKS = re.compile(r"[?¿]")

Phrases = frozenset[tuple[str, ...]]


class Several:
    """Tells the questions of a message apart, by their marks and by words of every served language
    (data/languages.yml).
    """

    def __init__(self, languages: Mapping[str, Language]) -> None:
        """`languages`: of the registry."""
        words = [language.questions for language in languages.values()]
        self._begin = _phrases(chain.from_iterable(each.begin for each in words))
        self._indirect = _phrases(chain.from_iterable(each.indirect for each in words))
        self._asked_by = _phrases(chain.from_iterable(each.asked_by for each in words))
        self._joined_by = {plain(word) for each in words for word in each.joined_by}
        self._other = {plain(word) for each in words for word in each.other}

    def questions(self, text: str) -> list[str]:
        """The questions of `text`, MOST at most; what is told before one stands with it. Empty where it has but one."""
        found: list[str] = []
        piece, asks, reported, marked = "", False, False, bool(_MARKS.search(text))
        for part, joined, comma in self._parts(text):
            if asks:
                found.append(piece)
                piece, asks = "", False
            # "I have no papers and can prove it" tells: what is joined asks only after a question, or after a comma.
            may_ask = bool(comma or not joined or not piece) and not (marked and part.endswith("."))
            piece = f"{piece} {part}".strip()
            words = self._without_joints(plain(part).split())
            if _MARKS.search(part):
                asks = len(plain(piece).split()) >= _SHORTEST
            elif self._reports(words):
                asks = reported = True
            elif may_ask and len(words) > _SHORTEST:
                asks = _begins(words, self._begin) or (reported and _begins(words, self._indirect))
        if asks:
            found.append(piece)
        return found[:MOST] if len(found) > 1 else []

    def names_another(self, text: str) -> bool:
        """Whether `text` asks for another question's answer, and no more: "and the other one?", "¿y lo otro?"."""
        words = plain(text).split()
        return len(words) <= _LONGEST and not self._other.isdisjoint(words)

    def _parts(self, text: str) -> Iterator[tuple[str, bool, bool]]:
        """What may be a question by itself; whether a word joins it to the part before it, and whether a comma does."""
        for sentence in _SENTENCE_END.split(text):
            words = sentence.split()
            heads = [plain(word) for word in words]
            start, joined, comma = 0, False, False
            place = 1
            while place < len(words):
                end = place
                while end < len(words) and heads[end] in self._joined_by:
                    end += 1
                marked = end < len(words) and words[end].startswith("¿")
                after_comma = words[place - 1].endswith(",") or words[place].startswith("¿")
                if (after_comma or end > place) and (marked or self._may_begin(heads[end : end + 3])):
                    yield " ".join(words[start:place]), joined, comma
                    start, joined, comma = place, end > place, after_comma or marked
                place = max(end, place + 1)
            if words:
                yield " ".join(words[start:]), joined, comma

    def _may_begin(self, heads: Iterable[str]) -> bool:
        words = " ".join(heads).split()
        return _begins(words, self._begin) or _begins(words, self._indirect)

    def _reports(self, words: list[str]) -> bool:
        """Whether a question is asked about: "I want to know how to report", "quisiera saber si me preguntan"."""
        for place in range(len(words)):
            for phrase in self._asked_by:
                after = words[place + len(phrase) :]
                if tuple(words[place : place + len(phrase)]) == phrase and (
                    _begins(after, self._begin) or _begins(after, self._indirect)
                ):
                    return True
        return False

    def _without_joints(self, words: list[str]) -> list[str]:
        first = next((place for place, word in enumerate(words) if word not in self._joined_by), len(words))
        return words[first:]


def _phrases(phrases: Iterable[str]) -> Phrases:
    return frozenset(tuple(plain(phrase).split()) for phrase in phrases)


def _begins(words: list[str], phrases: Phrases) -> bool:
    return any(tuple(words[:length]) in phrases for length in (1, 2))
