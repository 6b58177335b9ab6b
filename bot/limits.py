"""Messages that are never answered, however near a topic they sound: data/limits.yml, and another place's police."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from bot.content.models import Department
from bot.content.yamlfile import read_data
from bot.elsewhere import Elsewhere, without_marks

MAX_WORDS = 25
"""A longer message tells a story, in which these words may be about anything."""


class Limits:
    """What the assistant does not do, found by how it is asked for."""

    def __init__(self, data_dir: Path, departments: Mapping[str, Department]) -> None:
        """Read limits.yml and places.yml of `data_dir`; raises ContentError, re.error or KeyError if it can't."""
        limits: dict[str, list[str]] = read_data(data_dir / "limits.yml")["limits"]
        self._limits = {
            name: re.compile("|".join(f"(?:{pattern})" for pattern in patterns)) for name, patterns in limits.items()
        }
        self.elsewhere = Elsewhere(data_dir / "places.yml", departments)

    def find(self, text: str, department: str) -> str | None:
        """The key of the sentence that says the limit (bot/messages.py, NO_ANSWER), or None."""
        words = without_marks(text)
        if len(words.split()) <= MAX_WORDS:
            for name, pattern in self._limits.items():
                if pattern.search(words):
                    return name
        return "elsewhere" if self.elsewhere.asks(text, department) else None
