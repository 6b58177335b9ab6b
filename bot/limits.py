"""Messages that are never answered, however near a topic they sound: data/limits.yml, and another place's police."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from bot.content.documents import validate
from bot.content.models import Department
from bot.content.yamlfile import YamlFile
from bot.elsewhere import Elsewhere, without_marks
from bot.messages import NO_ANSWER

MAX_WORDS = 25
"""A longer message tells a story, in which these words may be about anything."""


def _known(name: str) -> str:
    if name not in NO_ANSWER:
        raise ValueError("no key of NO_ANSWER in bot/messages.py")
    return name


def _regular(pattern: str) -> str:
    if not pattern:
        raise ValueError("an empty pattern is in every message")
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return pattern


class _File(BaseModel):
    """The shape of data/limits.yml."""

    model_config = ConfigDict(extra="forbid")

    limits: dict[
        Annotated[str, AfterValidator(_known)],
        Annotated[list[Annotated[str, AfterValidator(_regular)]], Field(min_length=1)],
    ]


class Limits:
    """What the assistant does not do, found by how it is asked for."""

    def __init__(self, data_dir: Path, departments: Mapping[str, Department]) -> None:
        """Read limits.yml and places.yml of `data_dir`; raises ContentError if it can't."""
        file = validate(_File, YamlFile.read(data_dir / "limits.yml"))
        # Each by itself: flags, the names and numbers of groups are a pattern's own.
        self._limits = {name: [re.compile(pattern) for pattern in each] for name, each in file.limits.items()}
        self.elsewhere = Elsewhere(data_dir / "places.yml", departments)

    def find(self, text: str, department: str) -> str | None:
        """The key of the sentence that says the limit (bot/messages.py, NO_ANSWER), or None."""
        words = without_marks(text)
        if len(words.split()) <= MAX_WORDS:
            for name, patterns in self._limits.items():
                if any(pattern.search(words) for pattern in patterns):
                    return name
        return "elsewhere" if self.elsewhere.asks(text, department) else None
