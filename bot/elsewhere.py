"""Questions about another place's police: its rules may be others, and only one department's text is searched.

"What does Chicago police do with ICE?", asked of Kent, is close to Kent's own answer in every measure that search has.
So the place is looked for by name, next to a word for the police or after "in".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

from bot.content.check import plain
from bot.content.models import Department

_POLICE = (
    r"(?:police|polisia|policias?|polis|poli|cops?|(?:sh|ch)err?iff?s?|deput(?:y|ies)|officers?|oficiales|agentes|pd|"
    r"department|departamento|depto|patrol|patrulla|troopers?|chota|jura|placa)"
)
# Where somebody lives or comes from says nothing about whose police they mean.
MAX_WORDS = 20
"""In a longer message a place is part of a story."""
_ONLY_LIVES = re.compile(
    r"\b(?:live|lives|living|born|moved|was|were|been|from|family|friend|cousin"
    r"|vivo|vive|viven|naci|nacio|andaba|estaba|estuve|familia|primo|prima|soy)(?: \w+){0,3}$"
)
# "In Arizona cops did that, do they here too?" asks about those here.
_HERE = re.compile(r"\b(?:here|aqui|aca)\b(?! (?:in|en)\b)|\b(?:your|this department|sus|ustedes|esta policia)\b")

_APOSTROPHES = str.maketrans("", "", "'’")


def without_marks(text: str) -> str:
    """`text` as the patterns here and in data/limits.yml see it: "Lee's" is "lees"."""
    return plain(text.translate(_APOSTROPHES))


class Elsewhere:
    """Knows the names of places and of their police (data/places.yml), and those of departments (`also_called`)."""

    def __init__(self, path: Path, departments: Mapping[str, Department]) -> None:
        """`path`: data/places.yml; raises KeyError on a file without its lists."""
        lists = yaml.safe_load(path.read_text(encoding="utf-8"))
        others, words, agencies = ({plain(name) for name in lists[key]} for key in ("places", "words", "agencies"))
        own = {name: [plain(each) for each in profile.also_called] for name, profile in departments.items()}
        everywhere = others.union(*own.values())
        self._own = {name: _any(names) for name, names in own.items()}
        self._other = {
            name: _about(everywhere.difference(names), words.difference(names), agencies.difference(names))
            for name, names in own.items()
        }

    def asks(self, text: str, department: str) -> bool:
        """Whether `text` asks about the police of another place than `department`'s."""
        words = without_marks(text)
        if len(words.split()) > MAX_WORDS:
            return False
        rest = self._own[department].sub(" ", words)
        if rest != words or _HERE.search(words):  # its own place is named too: it is at least also asked about
            return False
        match = self._other[department].search(words)
        return match is not None and not _ONLY_LIVES.search(words[: match.start()].rstrip())


def _any(names: Iterable[str]) -> re.Pattern[str]:
    # The longest first: "kansas city" is not "kansas".
    joined = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.compile(rf"\b(?:{joined})\b" if joined else r"(?!)")


def _about(places: Iterable[str], words: Iterable[str], agencies: Iterable[str]) -> re.Pattern[str]:
    place, either, agency = _any(places).pattern, _any({*places, *words}).pattern, _any(agencies).pattern
    return re.compile(
        rf"{place} (?:\w+ )?{_POLICE}\b|{either} {_POLICE}\b"
        rf"|\b{_POLICE} (?:\w+ )?(?:de|del|in|en|of|from|at) (?:la |el |the )?(?:(?:ciudad|condado) de )?{either}"
        rf"|\b(?:in|en) {place}(?= |$)|^(?:does|do|will|los de) {place}|^{place} (?!\w+$)|{agency}"
    )
