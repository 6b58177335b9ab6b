"""Questions about another place's police: its rules may be others, and only one department's text is searched.

"What does Chicago police do with ICE?", asked of Kent, is close to Kent's own answer in every measure that search has.
So the place is looked for by name, next to a word for the police or after "in". Whoever then writes "and in Kent?" has
asked Kent what they asked before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from bot.content.documents import validate
from bot.content.models import Department, Text
from bot.content.plain import plain
from bot.content.yamlfile import YamlFile

_POLICE = (
    r"(?:police|polisia|policias?|polis|poli|cops?|(?:sh|ch)err?iff?s?|deput(?:y|ies)|officers?|oficiales|agentes|pd|"
    r"department|departamento|depto|patrol|patrulla|troopers?|chota|jura|placa|alguacil(?:es)?|guards?|guardias?|jail|"
    r"carcel)"
)
_ITS_PEOPLE = r"(?:ones?|guys|folks|people|too|also|tambien)"
"""What may stand after a place that is asked about as the one before it was: "the Federal Way ones?"."""
_ITS_PEOPLE_ALONE = re.compile(rf"\b{_ITS_PEOPLE}\b")
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

_MEANT = re.compile(
    r"\b(?:(?:what|how) a?bout|i mean|i meant|meant|my bad|quise decir|queria decir|me equivoque|mejor dicho|o sea) "
)
"""What only leads to whom somebody means."""
_OF = re.compile(r" (?:(?:of|in|de|del|en) )?")
"""What may stand between a place, or its police, and where that is."""

_APOSTROPHES = str.maketrans("", "", "'’")


def without_marks(text: str) -> str:
    """`text` as the patterns here and in data/limits.yml see it: "Lee's" is "lees"."""
    return plain(text.translate(_APOSTROPHES))


class _Names(BaseModel):
    """The shape of data/places.yml."""

    model_config = ConfigDict(extra="forbid")

    ours: list[Text]
    police: list[Text]
    sheriff: list[Text]
    says_no_more: list[Text]
    places: list[Text]
    words: list[Text]
    agencies: list[Text]
    federal: list[Text]


class Elsewhere:
    """Knows the names of places and of their police (data/places.yml), and those of departments (`also_called`)."""

    def __init__(self, path: Path, departments: Mapping[str, Department]) -> None:
        """`path`: data/places.yml; raises ContentError on a file without its lists."""
        lists = validate(_Names, YamlFile.read(path))
        others, words, agencies, federal = (
            {plain(name) for name in names} for names in (lists.places, lists.words, lists.agencies, lists.federal)
        )
        own = {name: [plain(each) for each in profile.also_called] for name, profile in departments.items()}
        everywhere = others.union(*own.values())
        self._own = {name: set(names) for name, names in own.items()}
        self._places = _any(everywhere | words | agencies)
        # "In Arizona cops did that, do they here too?" asks about those here.
        self._here = re.compile(rf"\b(?:here|aqui|aca)\b(?! (?:in|en) {self._places.pattern})|{_YOURS}")
        self._own_name = {name: _any(names) for name, names in self._own.items()}
        self._called = {name: names[0].title() for name, names in own.items()}
        ours, police, sheriff, self._says_no_more = (
            frozenset(map(plain, names)) for names in (lists.ours, lists.police, lists.sheriff, lists.says_no_more)
        )
        self._anybodys = ours | police | sheriff
        # A county's police is its sheriff.
        self._means_it = {
            name: ours | police | (sheriff if "county" in " ".join(names) else frozenset())
            for name, names in own.items()
        }
        self._agency = _any(federal)
        self._federal = re.compile(rf"^(?:(?:{_ASKS}) ){{0,4}}{self._agency.pattern}(?= )(?! (?:{_WORKS_WITH})\b)")
        self._other = {
            name: _about(everywhere.difference(names), words.difference(names), agencies.difference(names))
            for name, names in own.items()
        }

    def asks(self, text: str, department: str) -> bool:
        """Whether `text` asks about the police of another place than `department`'s."""
        return self._place(without_marks(text), department) is not None

    def only_means(self, text: str, department: str) -> bool:
        """Whether `text` says that `department` is meant, and no more: "and in Kent?", "¿y ustedes?", "sorry, Kent"."""
        words, named = self._own_name[department].subn(" ", without_marks(text))
        said = set(_MEANT.sub(" ", f"{words} ").split())
        means_it = self._means_it[department]
        return said <= means_it | self._says_no_more and bool(named or said & means_it)

    def only_names(self, text: str) -> bool:
        """Whether `text` names a place, or its police, and asks nothing: "and the ones in Renton?"."""
        words, named = self._places.subn(" ", without_marks(text))
        said = _ITS_PEOPLE_ALONE.sub(" ", _MEANT.sub(" ", f"{words} ")).split()
        return bool(named) and self._says_no_more.union(self._anybodys).issuperset(said)

    def put_to(self, question: str, department: str) -> str | None:
        """A `question` about another place as one to `department`; None if it is none, or asks nothing."""
        pieces = question.split()
        owners = [index for index, piece in enumerate(pieces) for _ in without_marks(piece).split()]
        words = " ".join(filter(None, map(without_marks, pieces)))
        place = self._place(words, department)
        if place is None or self.only_names(question):
            return None
        first, last = (owners[words.count(" ", 0, end)] for end in (place.start(), place.end()))
        return " ".join([*pieces[:first], self._called[department], *pieces[last + 1 :]])

    def _place(self, words: str, department: str) -> re.Match[str] | None:
        """The other place, or the federal agency, that a message without marks asks about."""
        if len(words.split()) > MAX_WORDS:
            return None
        if self._federal.search(words) and not _YOU_OR_POLICE.search(words):
            return self._agency.search(words)
        # The longest name counts: "North Kansas City" doesn't name Kansas City.
        if self._names_own(words, department) or self._here.search(words):
            return None  # its own place is named too: it is at least also asked about
        match = self._other[department].search(words)
        place = match and self._places.search(words, match.start())
        if match is None or place is None:
            return None
        only_lives = _ONLY_LIVES.search(words[: place.start()].rstrip()) and not _THERE.search(words, match.end())
        return None if only_lives else place

    def _names_own(self, words: str, department: str) -> bool:
        """Whether `department`'s place is named, and not only to say where another is: "Yakima, Washington"."""
        before: re.Match[str] | None = None
        for place in self._places.finditer(words):
            own = place.group() in self._own[department]
            if own and not (before and _OF.fullmatch(words, before.end(), place.start())):
                return True
            before = None if own else place
        return False


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
