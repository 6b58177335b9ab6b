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

    def decide(self, faq: float, out_of_scope: float) -> Outcome:
        """Search the department for the turn's message and decide; the two are NLU's confidences."""
        ...

    def answers(self, topic: str) -> bool:
        """Whether the department has an enabled answer to `topic`."""
        ...


class TurnLookup(Protocol):
    """Finds the turn that Rasa is working on."""

    def of(self, conversation_id: str) -> Turn:
        """The running turn of a conversation; raises KeyError if there is none."""
        ...
