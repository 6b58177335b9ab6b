"""A message as the patterns see it: words spelt one way, in clauses."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# Marks that end a clause. A hyphen inside a word doesn't.
_STOPS = re.compile(r"[.,;:!?¿¡()\n…—–|*]+|\s-+\s|(?<=\s)/(?=\s)")
_OTHER_MARK = re.compile(r"[^\w\s.,;:!?¿¡()…—–|*/-]|(?<=\w)[-/](?=\w)|_")
_ACCENT = re.compile(r"[\u0300-\u036f]")
_APOSTROPHE = re.compile(r"['’`´]")
_REPEATED = re.compile(r"(.)\1{2,}")
_DOUBLED = re.compile(r"(.)\1+")
_YEAR = re.compile(r"(19|20)\d\d")
# "matarme", "pegándole": the pronoun at the end of a Spanish infinitive, gerund or command is a word of its own.
_ENCLITIC = re.compile(r"(\w\w+(?:ando|iendo|yendo|[aei]r))(me|se|nos|l[aeo]s?)(l[aeo]s?)?")
# What a Spanish ear takes for the same sound.
_SOUNDS = re.compile(r"ch|sh|ph|^kn|^ll|ll(?=[ao])|ck|qu(?=[ei])|c(?=[ei])|[cq]|[zx]|v|h|g(?=[ei])|m(?=[bp])|y")
_SOUND = {
    "ch": "%", "sh": "%", "ph": "f", "kn": "n", "ll": "i", "ck": "k", "qu": "k", "q": "k", "z": "s", "x": "s", "v": "b",
    "h": "", "g": "j", "m": "n", "y": "i",
}  # fmt: skip
# Shorter words have too many neighbours that are other words ("hit", "his"; "pega", "paga").
_EDITABLE = 6
_LONGEST = 24


@dataclass(frozen=True)
class Words:
    """The words of a message, the clause that each stands in, and the sentence (between two marks)."""

    words: list[str]
    clauses: list[int]
    sentences: list[int]


class Reader:
    """Reads messages; `known` words are left as they are, others may be misspellings of the words to `listen_for`."""

    def __init__(
        self, listen_for: Iterable[str], known: Iterable[str], short: Mapping[str, str], openings: Iterable[str]
    ) -> None:
        """`short` maps a word to the words that it stands for ("u": "you"); a clause begins at one of `openings`."""
        listen_for = sorted(set(listen_for))
        self._known = {*listen_for, *known}
        self._short = {word: meaning.split() for word, meaning in short.items()}
        self._openings: dict[str, list[list[str]]] = {}
        for opening in openings:
            self._openings.setdefault(opening.split()[0], []).append(opening.split())
        self._sounds: dict[str, str] = {}
        self._near: dict[str, str] = {}
        for word in listen_for:
            sound = _sound(word)
            self._sounds.setdefault(sound, word)
            if len(sound) >= _EDITABLE:
                for near in (sound, *_shortened(sound)):
                    self._near.setdefault(near, word)

    def read(self, text: str) -> Words:
        """The words of `text`."""
        found = Words([], [], [])
        clause = 0
        for sentence, part in enumerate(_STOPS.split(_plain(text))):
            words = [word for raw in part.split() for word in self._spelt(raw)]
            for place, word in enumerate(words):
                openings = self._openings.get(word) if place else None
                if openings and any(words[place : place + len(opening)] == opening for opening in openings):
                    clause += 1
                found.words.append(word)
                found.clauses.append(clause)
                found.sentences.append(sentence)
            clause += 1
        return found

    def _spelt(self, raw: str) -> list[str]:
        """`raw` as the words that the patterns know, if it is or stands for such words."""
        if raw in self._short:
            return self._short[raw]
        if raw in self._known or len(raw) > _LONGEST:
            return [raw]
        if raw[0].isdigit():
            return ["0000" if _YEAR.fullmatch(raw) else "0"]
        word = _REPEATED.sub(r"\1", raw)
        if word != raw and (word in self._known or word in self._short):
            return self._spelt(word)
        if word.endswith("in") and word + "g" in self._known:
            return [word + "g"]
        verb, *pronouns = split(word)
        if pronouns:
            return [*self._spelt(verb), *pronouns]
        return [self._nearest(word)]

    def _nearest(self, word: str) -> str:
        sound = _sound(word)
        if exact := self._sounds.get(sound):
            return exact
        if len(sound) >= _EDITABLE:
            for near in (sound, *_shortened(sound)):
                candidate = self._near.get(near)
                if (
                    candidate
                    and candidate[0] == word[0]
                    and candidate[-1] == word[-1]
                    and _edit(sound, _sound(candidate))
                ):
                    return candidate
        return word


def split(phrase: str) -> list[str]:
    """The words of `phrase`, a Spanish verb apart from the pronouns at its end."""
    words: list[str] = []
    for word in phrase.split():
        match = _ENCLITIC.fullmatch(word)
        words += [part for part in match.groups() if part] if match else [word]
    return words


def _plain(text: str) -> str:
    """`text` without case, accents and apostrophes, marks other than stops as spaces."""
    decomposed = _ACCENT.sub("", unicodedata.normalize("NFKD", _APOSTROPHE.sub("", text.casefold())))
    return _OTHER_MARK.sub(" ", decomposed)


def _sound(word: str) -> str:
    """`word` as a Spanish ear hears it: words that are often taken for each other in writing are equal."""
    return _DOUBLED.sub(r"\1", _SOUNDS.sub(_heard, word))


def _heard(match: re.Match[str]) -> str:
    letters = match[0]
    if letters == "c":
        following = match.string[match.end() : match.end() + 1]
        return "s" if following and following in "ei" else "k"
    return _SOUND[letters]


def _edit(one: str, other: str) -> bool:
    """Whether the two differ by a letter left out, two swapped, or a vowel taken for another."""
    if len(one) != len(other):
        return True
    differ = [(a, b) for a, b in zip(one, other, strict=True) if a != b]
    if len(differ) == 1:
        return set(differ[0]) <= set("aeiou")
    return len(differ) == 2 and differ[0] == differ[1][::-1]


def _shortened(word: str) -> Iterable[str]:
    """`word` with one of its letters left out; two words that share one of these are an edit apart."""
    return (word[:i] + word[i + 1 :] for i in range(1, len(word)))
