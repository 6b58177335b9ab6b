"""What the tests of turns share: everything heavy replaced, and a conversation to send messages to."""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import numpy as np

from bot.conversations.store import NewConversation, Store
from bot.replies import Reply, Say
from bot.retrieval.decision import Outcome
from bot.retrieval.index import Found
from bot.safety import Flag
from bot.turns.turns import Turns

Answer = Callable[[str, str], Awaitable[list[Say]]]
GREET: list[Say] = [{"say": "smalltalk", "message": "greet"}]


class Encoder:
    """Every text is the same vector, or what `broken` does instead."""

    def __init__(self) -> None:
        self.broken: Callable[[], Awaitable[None]] | None = None

    async def query(self, text: str) -> Any:
        if self.broken:
            await self.broken()
        return np.zeros(4, dtype=np.float32)


class Detector:
    """Moves no language."""

    def decide(self, text: str, current: str, *, chosen: bool, first: bool) -> str:
        return current


class Search:
    """Finds nothing, decides nothing, and is a net without examples: these tests are about what is around it."""

    def search(self, department: str, text: str, vector: Any) -> Found:
        return Found([], elsewhere=0.0, inside=-1.0, outside=1.0)

    def decide(self, found: Found, words: int) -> Outcome:
        return Outcome("no_answer", (), 0.0)

    def decide_together(self, alone: Found, together: Found, last_topic: str | None, words: int) -> None:
        """Nothing goes on from anything."""

    def read(self, text: str) -> str:
        """The message itself."""
        return text

    def check(self, written: str, vector: Any, rule: Flag | None = None) -> Flag | None:
        """Takes back what a rule says of what somebody witnessed."""
        return None if "presencié" in written else rule


class Rasa:
    """Answers what `answer(conversation, text)` returns or raises, and notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer: Answer = self.greet

    @staticmethod
    async def greet(conversation: str, text: str) -> list[Say]:
        return GREET

    async def turn(self, conversation: str, text: str, metadata: Mapping[str, Any], vector: Any) -> list[Say]:
        self.asked.append(text)
        # New ones each time, as over HTTP.
        return copy.deepcopy(await self.answer(conversation, text))


async def new(store: Store, language: str = "es") -> NewConversation:
    """A conversation with Kent."""
    return await store.create("kent-wa", "web", language, chosen=False)


async def accept(store: Store, conversation: NewConversation, said: str, choice: str | None = None) -> int:
    """Store what a resident said, and return its id in the inbox."""
    return await store.accept(conversation.id, "web", f"{conversation.id}-{said}", said, "es", choice)


async def settle(turns: Turns, conversation_id: str, inbox_id: int) -> Reply | None:
    """Run what is due; the reply to `inbox_id`."""
    settled = await turns.settle(conversation_id, inbox_id)
    return settled and settled.reply


async def texts(store: Store, conversation: NewConversation) -> list[tuple[int, str, int | None]]:
    """What is stored: (number, author, what it answers)."""
    return [(row.number, row.author, row.in_reply_to) for row in await store.messages(conversation.id)]


async def fails(error: Exception) -> list[Say]:
    """A Rasa that fails."""
    raise error
