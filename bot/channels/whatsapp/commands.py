"""Messages that are orders to the channel itself, as data/whatsapp.yml spells them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict

from bot.channels.whatsapp.inbound import Received
from bot.content.documents import validate
from bot.content.models import Text
from bot.content.yamlfile import YamlFile
from bot.elsewhere import without_marks

Command = Literal["stop", "start", "erase", "open"]
_NOT_WORDS = re.compile(r"[\W_]+")
# An emoji's skin tone and its variation selector change nothing of what it says.
_SHADES = re.compile("[\U0001f3fb-\U0001f3ff\ufe0f]")


def _quoted(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("it is no text to YAML: put it in quotes")
    return value


_Phrases = list[Annotated[Text, BeforeValidator(_quoted)]]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Commands(_Shape):
    stop: _Phrases
    start: _Phrases
    erase: _Phrases
    open: _Phrases


class _Reactions(_Shape):
    helpful: _Phrases
    not_helpful: _Phrases


class _Words(_Shape):
    """The shape of data/whatsapp.yml."""

    commands: _Commands
    reactions: _Reactions


class Commands:
    """Which command a whole message is, and what a reaction says."""

    def __init__(self, data_dir: Path) -> None:
        """Read whatsapp.yml of `data_dir`; raises ContentError."""
        found = validate(_Words, YamlFile.read(data_dir / "whatsapp.yml"))
        self._commands: dict[str, Command] = {
            _plain(phrase): command for command in get_args(Command) for phrase in getattr(found.commands, command)
        }
        self._helpful = {_SHADES.sub("", emoji): True for emoji in found.reactions.helpful}
        self._helpful |= {_SHADES.sub("", emoji): False for emoji in found.reactions.not_helpful}

    def find(self, text: str) -> Command | None:
        """The command that `text` is, if it is nothing else."""
        return self._commands.get(_plain(text)) if len(text) < 60 else None

    def of(self, said: Received) -> Command | None:
        """The command that somebody gave, if what they sent is one. No piece of a longer message is."""
        return self.find(said.text) if said.kind == "text" and not said.goes_on else None

    def helpful(self, emoji: str) -> bool | None:
        """Whether a reaction says that something helped; None where it says neither."""
        return self._helpful.get(_SHADES.sub("", emoji))


def _plain(text: str) -> str:
    return _NOT_WORDS.sub(" ", without_marks(text)).strip()
