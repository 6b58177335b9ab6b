"""Questions about another place's police: its rules may be others, and only one department's text is searched.

"What does Chicago police do with ICE?", asked of Kent, is close to Kent's own answer in every measure that search has.
So the place is looked for by name, next to a word for the police or after "in". Whoever then writes "and in Kent?" has
asked Kent what they asked before.
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
    r"department|departamento|depto|patrol|patrulla|troopers?|chota|jura|placa|alguacil(?:es)?|guards?|guardias?|jail|"
    r"carcel)"
)
_ITS_PEOPLE = r"(?:ones?|guys|folks|people|too|also|tambien)"
"""What may stand after a place that is asked about as the one before it was: "the Federal Way ones?"."""
_ASKS = (
    "y|and|does|do|did|can|could|will|would|is|are|may|what about|if|si|puede|pueden|me|te|le|nos|a|an|the|el|la|los|"
    "las|un|una|agente|agentes|agents?|del?|de la|de los|del lado de"
)
"""What may stand before a federal agency that is asked about."""
_WORKS_WITH = "with|con|y|and|or|o"
MAX_WORDS = 20
"""In a longer message a place is part of a story."""
# Where somebody lives, was or comes from says nothing about whose police they mean, unless they say "there".
_ONLY_LIVES = re.compile(
    r"\b(?:live|lives|living|born|moved|was|were|been|from|family|friend|cousin"
    r"|vivo|vive|viven|naci|nacio|andaba|esta|estaba|estuve|familia|primo|prima|vecin[oa]|espos[oa]|soy)(?: \w+){0,3}$"
)
_YOURS = (
    r"\b(?:your(?! (?:visa|papers|status|passport|id|name))|yall|(?:do|would|will) you|this (?:police )?department|sus|"
    r"ustedes|esta policia)\b"
)
_THERE = re.compile(r"\b(?:there|those|ahi|alla|esos|esas)\b")
_YOU_OR_POLICE = re.compile(
    r"\b(?:you|yall|ustedes|usted|police|polic\w*|polisia|poli|cops?|sheriffs?|local|depart\w+)\b"
)

_POLICE_HERE = r"police|polisia|policias?|polis|poli|cops?|officers?|oficiales|oficial|pd|department|departamento"
_ASKS_YOU = (
    r"\b(?:and|about|bout|but|do|does|can|could|will|would|or|are|meant?) (?:you|u|yours?|ur|yall)\b|\bustedes\b|"
    r"\b(?:la|el|los|las) (?:suy[oa]|de ustedes|tuy[oa])s?\b|\b(?:esta|this) (?:ciudad|city|town|place)\b"
)
COMES_BACK_WORDS = 10
"""In a longer message more is asked than what was asked before."""

_APOSTROPHES = str.maketrans("", "", "'’")


def without_marks(text: str) -> str:
    """`text` as the patterns here and in data/limits.yml see it: "Lee's" is "lees"."""
    return plain(text.translate(_APOSTROPHES))


class Elsewhere:
    """Knows the names of places and of their police (data/places.yml), and those of departments (`also_called`)."""

    def __init__(self, path: Path, departments: Mapping[str, Department]) -> None:
        """`path`: data/places.yml; raises KeyError on a file without its lists."""
        lists = yaml.safe_load(path.read_text(encoding="utf-8"))
        others, words, agencies, federal = (
            {plain(name) for name in lists[key]} for key in ("places", "words", "agencies", "federal")
        )
        own = {name: [plain(each) for each in profile.also_called] for name, profile in departments.items()}
        everywhere = others.union(*own.values())
        self._own = {name: set(names) for name, names in own.items()}
        self._places = _any(everywhere | words | agencies)
        # "In Arizona cops did that, do they here too?" asks about those here.
        self._here = re.compile(rf"\b(?:here|aqui|aca)\b(?! (?:in|en) {self._places.pattern})|{_YOURS}")
        self._named = re.compile(
            rf"(?:\b(?:in|en|of|from|at|de|del) )?(?:{_any(everywhere | words | agencies | federal).pattern})"
        )
        # A county's police is its sheriff.
        self._asked_here = {
            name: re.compile(rf"{_ASKS_YOU}|\b(?:{_POLICE_HERE if 'county' not in ' '.join(names) else _POLICE})\b")
            for name, names in own.items()
        }
        self._federal = re.compile(rf"^(?:(?:{_ASKS}) ){{0,4}}{_any(federal).pattern}(?= )(?! (?:{_WORKS_WITH})\b)")
        self._other = {
            name: _about(everywhere.difference(names), words.difference(names), agencies.difference(names))
            for name, names in own.items()
        }

    def asks(self, text: str, department: str) -> bool:
        """Whether `text` asks about the police of another place than `department`'s."""
        words = without_marks(text)
        if len(words.split()) > MAX_WORDS:
            return False
        if self._federal.search(words) and not _YOU_OR_POLICE.search(words):
            return True
        # The longest name counts: "North Kansas City" doesn't name Kansas City.
        if self._own[department].intersection(self._places.findall(words)) or self._here.search(words):
            return False  # its own place is named too: it is at least also asked about
        match = self._other[department].search(words)
        if match is None:
            return False
        place = self._places.search(words, match.start())
        before = words[: place.start()] if place else ""
        return bool(_THERE.search(words, match.end())) or not _ONLY_LIVES.search(before.rstrip())

    def comes_back(self, text: str, before: str, department: str) -> str | None:
        """The question `before`, asked of another place, as one to `department`, if `text` says that it's meant:
        "and in Kent?", "¿y ustedes?"; else None.
        """
        words = without_marks(text)
        if len(words.split()) > COMES_BACK_WORDS or self.asks(text, department) or not self.asks(before, department):
            return None
        named = self._places.findall(words)
        if named and not self._own[department].intersection(named):
            return None
        if not (named or self._here.search(words) or self._asked_here[department].search(words)):
            return None
        return " ".join(self._named.sub(" ", without_marks(before)).split())


def _any(names: Iterable[str]) -> re.Pattern[str]:
    # The longest first: "kansas city" is not "kansas".
    joined = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.compile(rf"\b(?:{joined})\b" if joined else r"(?!)")


def _about(places: Iterable[str], words: Iterable[str], agencies: Iterable[str]) -> re.Pattern[str]:
    place, either, agency = _any(places).pattern, _any({*places, *words}).pattern, _any(agencies).pattern
    return re.compile(
        rf"{place} (?:\w+ )?{_POLICE}\b|{either} {_POLICE}\b"
        rf"|\b{_POLICE} (?:\w+ )?(?:de|del|in|en|of|from|at) (?:la |el |the )?(?:(?:ciudad|condado) (?:de )?)?{either}"
        rf"|\bin {place}(?= |$)|\ben {either}(?= |$)(?! (?:drive|street|avenue|road|school)\b)"
        rf"|\b(?:los|la|el) de {either}(?= |$)|{place} {_ITS_PEOPLE}\b"
        rf"|^(?:does|do|will) {place}|^{place} (?!\w+$)|^(?:\w+ ){{0,3}}{place}$"
        rf"|^(?:and|y|what about|how about) {either}$|{agency}"
    )
