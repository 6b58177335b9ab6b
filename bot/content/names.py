"""The names in the content: of places, departments and their own words, which people write in any language."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from bot.content.library import Library

_CAPITALISED = re.compile(r"[^\W\d_a-z][\w.]*\w(?: [^\W\d_a-z][\w.]*\w)*")


def names(library: Library) -> set[str]:
    """Every name of the departments' profiles and of the topics' labels and examples, unaccented and in lower case.

    A name is what is capitalised in every language of one text: "Los Angeles County" and "Condado de Los Ángeles" share
    "los angeles". Only the longest counts: not the "city" of "Kansas City".
    """
    profiles = [department.profile for department in library.departments.values()]
    texts: list[Mapping[str, str]] = [
        text for profile in profiles for text in (profile.name, profile.short_name, profile.place)
    ]
    texts += [text for topic in library.topics.values() for text in (topic.label, topic.example)]
    return set().union(*map(_shared, texts))


def _shared(text: Mapping[str, str]) -> set[str]:
    if len(text) < 2:
        return set()
    shared = set.intersection(*map(_capitalised, text.values()))
    return {name for name in shared if not any(f" {name} " in f" {other} " for other in shared - {name})}


def _capitalised(text: str) -> set[str]:
    """Each run of capitalised words, and each part of it."""
    found = set()
    for run in _CAPITALISED.findall(text):
        decomposed = unicodedata.normalize("NFKD", run.casefold())
        words = "".join(char for char in decomposed if not unicodedata.combining(char)).split()
        found |= {" ".join(words[i:j]) for i in range(len(words)) for j in range(i + 1, len(words) + 1)}
    return found
