"""What an action may know of the turn it runs in: not the conversation, not the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bot.retrieval.decision import Outcome


class Turn(Protocol):
    """One turn, as the actions see it."""

    text: str
    language: str
    languages: Sequence[str]
    before: str
    """The language that the conversation was in until now."""
    last_topic: str | None
    """Topic of the conversation's last answer."""
    person: bool
    """Whether a person is waited for, or was offered just now."""
    outcome: Outcome
    """What search says to the turn's message."""
    flag: str | None
    """What the safety net warns of, if it does."""

    @property
    def sure_topic(self) -> str | None:
        """The topic that search is so sure of that it overrules what else speaks, or None."""
        ...

    def answers(self, topic: str) -> bool:
        """Whether the department has an enabled answer to `topic`."""
        ...


class TurnLookup(Protocol):
    """Finds the turn that Rasa is working on."""

    def of(self, conversation_id: str) -> Turn:
        """The running turn of a conversation; raises KeyError if there is none."""
        ...
