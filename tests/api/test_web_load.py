"""Guards eight residents at once: 400 turns, none lost, none out of order, no error."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import Conversation, Start

pytestmark = pytest.mark.rasa

RESIDENTS, MESSAGES = 8, 50
ASKED = ["hola", "¿preguntan papeles?", "how do i report a robbery", "gracias", "¿puedo hablar en español?"]


async def test_eight_conversations_of_fifty_messages_lose_and_mix_nothing(start: Start) -> None:
    conversations = [await start("kent-wa", ["en", "es"][each % 2]) for each in range(RESIDENTS)]

    async def talk(each: int, conversation: Conversation) -> list[dict[str, Any]]:
        return [await conversation.send(f"{ASKED[number % len(ASKED)]} {each}-{number}") for number in range(MESSAGES)]

    async with asyncio.timeout(100):
        said = await asyncio.gather(*(talk(each, conversation) for each, conversation in enumerate(conversations)))
    for each, (conversation, replies) in enumerate(zip(conversations, said, strict=True)):
        assert all(reply["kind"] in {"answer", "clarify", "no_answer", "smalltalk"} for reply in replies)
        assert not any("911" in reply["text"] and not reply["topic"] for reply in replies), "a turn had trouble"
        messages = (await conversation.transcript())["messages"]
        assert [message["number"] for message in messages] == list(range(1, 2 * MESSAGES + 1))
        assert [message["text"].rsplit(" ")[-1] for message in messages[::2]] == [
            f"{each}-{number}" for number in range(MESSAGES)
        ]
        assert [message["reply"] for message in messages[1::2]] == replies
