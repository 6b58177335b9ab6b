"""Which language a reply is in.

An explicit choice wins, then the conversation's language, which a detector moves only when it is sure. Three witnesses
are added up, since each is wrong on short phrases that another knows: langdetect (with the profiles of the served
languages alone, and a fixed seed), lingua, and the words of our own question variants and training examples, which know
"la migra" and "hola". docs/architecture.md has the figures.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import langdetect
from langdetect.detector_factory import DetectorFactory
from langdetect.lang_detect_exception import LangDetectException
from lingua import IsoCode639_1, LanguageDetectorBuilder

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
# Words that people write in any language: they say nothing about theirs.
_BARE = frozenset(
    {"ok", "okay", "no", "si", "sí", "yes", "ice", "papeles", "green", "card", "visa", "chat", "whatsapp"}
)
_LANGDETECT_WEIGHT = 0.5
_MOST = {"detector": 4.0, "word": 3.0}
"""How much one witness may say, in nats: none may overrule the others alone."""
_SHARED = 0.5
"""How much of the words of the other languages one without examples is taken to share with them."""
_SURE = 2.0
"""Lead, in nats, at which the language of a conversation is moved."""
_SURE_OF_FEW = 5.5
"""The same, of three words or fewer: who writes so few mostly goes on in the language that they have ("y?", "info")."""
_FEW = 3


def _words(text: str) -> list[str]:
    return [word.casefold().replace("’", "'") for word in _WORD.findall(text)]


def _key(words: Iterable[str]) -> tuple[str, ...]:
    """Words as names are compared: "Los Ángeles" is "los angeles"."""
    return tuple(
        "".join(char for char in unicodedata.normalize("NFKD", word) if not unicodedata.combining(char))
        for word in words
    )


class LanguageDetector:
    """Tells the served languages apart."""

    def __init__(self, examples: Mapping[str, Iterable[str]], names: Iterable[str] = ()) -> None:
        """`examples`: sentences by ISO 639-1 code, for at least two languages; a new language may have few, or none.

        `names`: of places and departments, in any spelling: people write them in any language.
        """
        self.languages = list(examples)
        self._names = {_key(_words(name)) for name in names} - {()}
        self._longest_name = max(map(len, self._names), default=0)
        self._factory = DetectorFactory()
        self._factory.set_seed(0)
        profiles = Path(langdetect.__file__).parent / "profiles"
        self._factory.load_json_profile([(profiles / code).read_text(encoding="utf-8") for code in self.languages])
        codes = [IsoCode639_1.from_str(code.upper()) for code in self.languages]
        self._lingua = LanguageDetectorBuilder.from_iso_codes_639_1(*codes).with_preloaded_language_models().build()
        self._log_frequency = self._count(examples)

    def _count(self, examples: Mapping[str, Iterable[str]]) -> dict[str, dict[str, float]]:
        """For each word, the logarithm of its share of each language's examples, less the largest.

        A language with fewer examples than the others has, for those that it lacks, some that are like theirs: else
        everything that it hasn't been seen to say would speak for it or against it.
        """
        seen = {code: [set(_words(text)) for text in texts] for code, texts in examples.items()}
        counts = {code: Counter(word for words in texts for word in words) for code, texts in seen.items()}
        most, total = max(map(len, seen.values())) or 1, sum(map(len, seen.values())) or 1
        table: dict[str, dict[str, float]] = {}
        for word in set().union(*counts.values()) - _BARE:
            alike = _SHARED * sum(counter[word] for counter in counts.values()) / total
            shares = {
                code: math.log((counts[code][word] + alike * (most - len(seen[code])) + 0.3) / most) for code in counts
            }
            table[word] = self._limit(shares, "word")
        return table

    @staticmethod
    def _limit(scores: Mapping[str, float], witness: str) -> dict[str, float]:
        best = max(scores.values())
        return {code: max(score - best, -_MOST[witness]) for code, score in scores.items()}

    def scores(self, text: str) -> dict[str, float]:
        """How likely each language is, in nats, the best at 0; all 0 where nothing speaks for any."""
        total = dict.fromkeys(self.languages, 0.0)
        words = [word for word in self._without_names(_words(text)) if word not in _BARE]
        if words:
            joined = " ".join(words)
            evidence = [
                self._limit(self._ask_lingua(joined), "detector"),
                {
                    code: _LANGDETECT_WEIGHT * score
                    for code, score in self._limit(self._ask_langdetect(joined), "detector").items()
                },
                *(self._log_frequency[word] for word in words if word in self._log_frequency),
            ]
            total = {code: sum(scores[code] for scores in evidence) for code in self.languages}
        best = max(total.values())
        return {code: score - best for code, score in total.items()}

    def _without_names(self, words: list[str]) -> list[str]:
        keys, kept, index = _key(words), [], 0
        while index < len(words):
            lengths = range(min(self._longest_name, len(words) - index), 0, -1)
            length = next((length for length in lengths if keys[index : index + length] in self._names), 0)
            if not length:
                kept.append(words[index])
            index += length or 1
        return kept

    def _ask_lingua(self, text: str) -> dict[str, float]:
        values = self._lingua.compute_language_confidence_values(text)
        return {value.language.iso_code_639_1.name.lower(): math.log(value.value + 1e-9) for value in values}

    def _ask_langdetect(self, text: str) -> dict[str, float]:
        detector = self._factory.create()
        detector.append(text)
        try:
            found = {value.lang: value.prob for value in detector.get_probabilities()}
        except LangDetectException:  # no letter that a profile knows
            found = dict.fromkeys(self.languages, 1.0)
        return {code: math.log(found.get(code, 0.0) + 1e-9) for code in self.languages}

    def decide(self, text: str, current: str, *, chosen: bool, first: bool) -> str:
        """The language of the reply to `text` in a conversation that is in `current`.

        `chosen`: the resident picked it, so nothing moves it. `first`: the conversation's language is only a default
        yet, so the likeliest language is taken; later only a sure one.
        """
        if chosen:
            return current
        scores = self.scores(text)
        best = max(scores, key=lambda code: (scores[code], code == current))
        lead = -max((score for code, score in scores.items() if code != best), default=0.0)
        sure = _SURE if len(_words(text)) > _FEW else _SURE_OF_FEW
        return best if lead >= sure or (first and lead > 0) else current
