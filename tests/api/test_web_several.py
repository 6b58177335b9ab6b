"""Guards a message that asks several things: one is answered, that is said, and the others are a tap away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.replies import topic_choice

if TYPE_CHECKING:
    from tests.conftest import Start

pytestmark = [pytest.mark.rasa, pytest.mark.model]


@pytest.mark.parametrize(
    ("department", "language", "text", "topics"),
    [
        (
            "kent-wa",
            "en",
            "Will the police ask for my papers, do I have to give my name, and can I report in Spanish?",
            {"what-is-asked", "report-anonymous", "report-in-spanish"},
        ),
        (
            "kansas-city-mo",
            "es",
            "Hola, quiero saber si puedo reportar en español, si le avisan a ICE y cuánto pagan de recompensa",
            {"report-in-spanish", "share-with-ice", "homicide-reward"},
        ),
        (
            "roeland-park-ks",
            "en",
            "Do you work with ICE? Can I be arrested for no papers? How do I report a theft?",
            {"federal-cooperation", "arrest-for-status", "report-not-urgent"},
        ),
    ],
)
async def test_one_is_answered_and_the_others_come_next(
    start: Start, department: str, language: str, text: str, topics: set[str]
) -> None:
    resident = await start(department, language)
    reply = await resident.send(text)
    others = [choice["send"] for choice in reply["choices"][:2]]
    assert {topic_choice(reply["topic"]), *others} == {topic_choice(topic) for topic in topics}
    for other in others:
        following = await resident.send("and the other one?" if language == "en" else "¿y lo otro?")
        assert topic_choice(following["topic"]) == other


async def test_a_story_with_one_question_is_answered_as_before(start: Start) -> None:
    resident = await start("kent-wa", "en")
    reply = await resident.send(
        "My brother was robbed last week and he is scared of the police. He has no papers. Can he report it?"
    )
    assert (reply["kind"], reply["text"].startswith("You asked about more than one thing.")) == ("answer", False)
