"""Messages in a language that isn't served, and what is said to them in it (data/unserved.yml).

The writing settles most: Hangul is Korean. Languages that share a writing are told apart by their own letters and
frequent words. In Latin writing, where a message may also be misspelt Spanish, slang or a name, words have to show it,
and against the words that residents write in the served languages: what is taken for another language gets no answer.

Not found, for want of anything reliable: indigenous languages of the Americas (Mixtec, K'iche', Mam and others), and
Hindi, Punjabi, Arabic or Russian in Latin letters. A language that isn't in the file may be taken for the one closest
to it in the same writing: Tigrinya for Amharic, Nepali for Hindi, Punjabi in Arabic letters for Urdu.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from lingua import Language, LanguageDetector, LanguageDetectorBuilder
from pydantic import BaseModel, ConfigDict

from bot.content.documents import validate
from bot.content.models import Text
from bot.content.yamlfile import YamlFile

_WORD = r"[^\W\d_]+"
_LETTERS = re.compile(_WORD)
_WHOLE = str.maketrans({"đ": "d", "ß": "ss", "œ": "oe", "ł": "l", "ي": "ی", "ى": "ی", "ك": "ک"})
"""Letters that Unicode doesn't take apart, and those that an Arabic keyboard has in place of the Persian ones."""
_KANA = {"HIRAGANA": "Kana", "KATAKANA": "Kana", "CJK": "Han"}
_LETTERS_A_SIGN = {"Han": 3, "Kana": 2, "Hangul": 2, "Ethiopic": 2}
"""How many letters of an alphabet one sign stands for, about: a message is in the writing that has most of it."""
_CERTAIN = 2
"""The points at which a language is certain if nothing speaks against it."""
_AGAINST = 0.35
"""How many points each word of a served language asks for, where at least two words speak for another."""
_MASKED = re.compile(r"\[[a-z-]+\]")
"""What bot/privacy.py puts in place of an identifier; the resident didn't write it."""


class _Entry(BaseModel):
    """A language in data/unserved.yml."""

    model_config = ConfigDict(extra="forbid")

    name: Text
    direction: Literal["ltr", "rtl"]
    script: Text
    sentence: Text
    person: Text
    reviewed_by: Text | None
    words: str = ""
    letters: str = ""
    alone: list[Text] = []


class _File(BaseModel):
    """The shape of data/unserved.yml."""

    model_config = ConfigDict(extra="forbid")

    served: list[Text]
    languages: dict[str, _Entry]


@dataclass(frozen=True)
class Unserved:
    """A language that isn't served, and what is said in it."""

    code: str
    """ISO 639-1, with the script where two are written: "vi", "zh-Hant"."""
    name: str
    """In itself."""
    direction: str
    """"ltr" or "rtl"."""
    sentence: str
    """What is served, and how to get help."""
    person: str
    """The label of the button that asks for a person."""


@dataclass(frozen=True)
class _Signs:
    """By what a language is known."""

    words: Mapping[str, int]
    """What each word says for it, in points; 0 for one that the served languages have too."""
    letters: re.Pattern[str] | None
    """Its own letters."""

    def in_text(self, written: Iterable[str], words: Set[str]) -> dict[str, int]:
        """The points of each of the different `words` of a text, for which it speaks; `written`: these, not folded."""
        found = {word: self.words[word] for word in words & self.words.keys()}
        if self.letters:
            found |= {_fold(word): _CERTAIN for word in written if self.letters.search(word)}
        return found


class UnservedLanguages:
    """Finds the language of a message that isn't in a served one."""

    def __init__(self, path: Path, served: Collection[str], known_words: Iterable[str] = ()) -> None:
        """`served`: ISO 639-1 codes; `known_words`: the words that residents write in those.

        Raises ContentError if the file at `path` can't be read, or a field is missing.
        """
        self._served = frozenset(served)
        self._known = frozenset(map(_fold, known_words))
        self._languages: dict[str, Unserved] = {}
        self._signs: dict[str, dict[str, _Signs]] = {}
        phrases: set[str] = set()
        for code, entry in validate(_File, YamlFile.read(path)).languages.items():
            self._languages[code] = Unserved(code, entry.name, entry.direction, entry.sentence, entry.person)
            self._signs.setdefault(entry.script, {})[code] = self._read_signs(entry)
            phrases |= {phrase for phrase in map(_fold, entry.alone) if " " in phrase}
        self._lingua = self._build_lingua()
        self._token = re.compile(rf"\b(?:{'|'.join(sorted(phrases))})\b|{_WORD}")

    @property
    def names(self) -> frozenset[str]:
        """How those that aren't served are called in themselves."""
        some = (each for code, each in self._languages.items() if code.partition("-")[0] not in self._served)
        return frozenset(each.name for each in some)

    def _read_signs(self, entry: _Entry) -> _Signs:
        points = dict.fromkeys(map(_fold, entry.words.split()), 1)
        points |= dict.fromkeys(map(_fold, entry.alone), _CERTAIN)
        letters = "|".join(entry.letters.split())
        return _Signs(
            {word: 0 if word in self._known else worth for word, worth in points.items()},
            re.compile(letters) if letters else None,
        )

    def _build_lingua(self) -> LanguageDetector:
        """lingua for the served languages and those in Latin letters, as far as it knows them: not Haitian Creole."""
        codes = {language.iso_code_639_1.name.lower(): language for language in Language.all()}
        languages = [codes[code] for code in {*self._served, *self._signs["Latin"]} & codes.keys()]
        builder = LanguageDetectorBuilder.from_languages(*languages).with_low_accuracy_mode()
        return builder.with_preloaded_language_models().build()

    def detect(self, text: str) -> Unserved | None:
        """The language of `text` if it is one that isn't served and there is no doubt; else None."""
        text = _MASKED.sub(" ", unicodedata.normalize("NFC", text).lower())
        script = _script(text)
        code: str | None
        if script == "Han":
            code = _chinese(text)
        elif script in self._signs:
            code = self._best(text, script)
        else:
            return None
        if code is None or code.partition("-")[0] in self._served:
            return None
        return self._languages[code]

    def _best(self, text: str, script: str) -> str | None:
        """The language of `script` for which the most speaks; none of the Latin ones if that is too little."""
        words = set(self._token.findall(_fold(text)))
        written = _LETTERS.findall(text)
        found = {code: signs.in_text(written, words) for code, signs in self._signs[script].items()}
        best = max(found, key=lambda code: sum(found[code].values()))
        if script != "Latin":
            return best
        telling = {word for word, worth in found[best].items() if worth}
        points = sum(found[best].values())
        against = len(self._known & words - found[best].keys())
        allowed = points / _AGAINST if len(telling) > 1 else 0
        if points >= _CERTAIN and against <= allowed:
            return best
        # Two or three letters may be a slip, and where most words are known, it is misspelt Spanish or English.
        doubtful = any(len(word) > 3 for word in telling) and len(words) > 1 and 2 * against <= len(words)
        return best if doubtful and self._ask_lingua(text) == best else None

    def _ask_lingua(self, text: str) -> str | None:
        language = self._lingua.detect_language_of(text)
        return language.iso_code_639_1.name.lower() if language else None


def words(texts: Iterable[Iterable[str]]) -> set[str]:
    """The different words of some lists of sentences, in lower case and without accents."""
    return {word for sentences in texts for sentence in sentences for word in re.findall(_WORD, _fold(sentence))}


def _fold(text: str) -> str:
    """`text` as words are compared: in lower case, without accents."""
    whole = unicodedata.normalize("NFKD", text.casefold()).translate(_WHOLE)
    return whole if whole.isascii() else "".join(char for char in whole if not unicodedata.combining(char))


@lru_cache(maxsize=4096)
def _script_of(char: str) -> str | None:
    """The writing that a letter belongs to; None if it is no letter."""
    if not char.isalpha():
        return None
    first = re.split(r"[ -]", unicodedata.name(char, "UNKNOWN"), maxsplit=1)[0]
    return _KANA.get(first, first.capitalize())


def _script(text: str) -> str | None:
    """The writing of more than half of the letters; Japanese, which mixes, counts as kana."""
    counts: Counter[str] = Counter()
    for char, times in Counter(text).items():
        script = _script_of(char)
        if script:
            counts[script] += times * _LETTERS_A_SIGN.get(script, 1)
    if counts["Kana"]:
        counts["Kana"] += counts.pop("Han", 0)
    most = max(counts, key=counts.__getitem__, default=None)
    return most if most and counts[most] * 2 > counts.total() else None


def _chinese(text: str) -> str:
    """Simplified or traditional: by the national standard that has the characters which the other one lacks."""
    simplified = sum(_encodes(char, "gb2312") - _encodes(char, "big5") for char in text)
    return "zh-Hant" if simplified < 0 else "zh-Hans"


def _encodes(char: str, encoding: str) -> bool:
    try:
        char.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
