"""Messages that can't stand alone: "¿y si soy testigo?", "and at work?", "how?"."""

from __future__ import annotations

from collections.abc import Mapping

from bot.content.models import Language
from bot.content.plain import plain

MAX_WORDS = 10
"""A longer message says enough by itself."""
ALONE = 8
"""So few words may need the question before them, however they begin."""


class FollowUps:
    """Knows the messages that go on from another by their words, in every served language (data/languages.yml)."""

    def __init__(self, languages: Mapping[str, Language]) -> None:
        """`languages`: of the registry."""
        self._openings = tuple(f"{plain(opening)} " for language in languages.values() for opening in language.openings)
        self._references = {plain(word) for language in languages.values() for word in language.references}

    def match(self, text: str) -> bool:
        """Whether `text` may be about what was asked before it."""
        words = plain(text).split()
        if not words or len(words) > MAX_WORDS:
            return False
        if len(words) <= ALONE or not self._references.isdisjoint(words):
            return True
        return f"{' '.join(words)} ".startswith(self._openings)
