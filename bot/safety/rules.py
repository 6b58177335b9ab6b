"""Loads and applies the rules of rules.yml."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from bot.content.check import plain

RULES = Path(__file__).with_name("rules.yml")


@dataclass(frozen=True)
class Flag:
    """A rule that fired: its id, and the message that answers it."""

    rule: str
    say: str


@dataclass(frozen=True)
class _Rule:
    id: str
    say: str
    patterns: tuple[re.Pattern[str], ...]
    unless: tuple[re.Pattern[str], ...]


class SafetyRules:
    """The compiled rules, in the order of the file."""

    def __init__(self, path: Path = RULES) -> None:
        """Read and compile; raises re.error or KeyError on a rule that can't be used."""
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        self._rules = [
            _Rule(
                rule["id"],
                rule["say"],
                tuple(re.compile(pattern) for pattern in rule["patterns"]),
                tuple(re.compile(pattern) for pattern in rule.get("unless", [])),
            )
            for rule in data["rules"]
        ]

    def check(self, text: str) -> Flag | None:
        """The first rule that `text` fires, or None."""
        words = plain(text.replace("'", "").replace("’", ""))
        for rule in self._rules:
            if any(pattern.search(words) for pattern in rule.patterns) and not any(
                pattern.search(words) for pattern in rule.unless
            ):
                return Flag(rule.id, rule.say)
        return None
