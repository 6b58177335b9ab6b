"""Guards the guide to reporting over HTTP: plain answers are understood, it can be left, and it says why it asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Start

pytestmark = [pytest.mark.rasa, pytest.mark.model]

GUIDE, NO, YES = "/press_guide", "/press_no", "/press_yes"
NAME_ASKED = {
    "en": "When you report it to the police, do you want to give your name?",
    "es": "Cuando lo reporte a la policía, ¿quiere dar su nombre?",
}


@pytest.mark.parametrize(
    ("language", "text"), [("en", "its happening now"), ("en", "he is here"), ("es", "si esta pasando ahora")]
)
async def test_danger_in_plain_words_is_met_once_and_not_asked_for_again(
    start: Start, language: str, text: str
) -> None:
    resident = await start("kent-wa", language)
    await resident.send(choice=GUIDE)
    reply = await resident.send(text)
    assert (reply["kind"], reply["text"].count("911")) == ("emergency", 1)


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "no it was yesterday"), ("en", "last week"), ("en", "nobody is in danger"), ("es", "no, fue ayer")],
)
async def test_what_is_over_leads_to_the_next_question(start: Start, language: str, text: str) -> None:
    resident = await start("kent-wa", language)
    await resident.send(choice=GUIDE)
    assert (await resident.send(text))["text"].startswith(NAME_ASKED[language])


@pytest.mark.parametrize(
    ("language", "text", "topic"),
    [
        ("en", "no name", "report-anonymous"),
        ("en", "anonymous", "report-anonymous"),
        ("es", "sin nombre", "report-anonymous"),
        ("es", "si puedo", "report-not-urgent"),
    ],
)
async def test_the_guide_ends_with_what_fits_and_not_with_itself(
    start: Start, language: str, text: str, topic: str
) -> None:
    resident = await start("kent-wa", language)
    await resident.send(choice=GUIDE)
    await resident.send(choice=NO)
    reply = await resident.send(text)
    assert reply["topic"] == topic
    sends = [choice["send"] for choice in reply["choices"]]
    assert (sends[0], GUIDE in sends) == ("/press_person", False)


@pytest.mark.parametrize("text", ["never mind", "olvidelo", "stop", "cancelar"])
@pytest.mark.parametrize("before", [[], [NO]], ids=["first question", "second question"])
async def test_the_guide_can_be_left(start: Start, text: str, before: list[str]) -> None:
    resident = await start("kent-wa", "en")
    for choice in [GUIDE, *before]:
        await resident.send(choice=choice)
    left = await resident.send(text)
    says = ("We can stop here.", "Podemos dejarlo aquí.")
    assert (left["kind"], left["text"].startswith(says)) == ("smalltalk", True)
    # It is over: a no answers nothing of it any more.
    assert (await resident.send("no"))["kind"] == "smalltalk"
    # A new one begins with danger.
    assert "Is it happening right now" in (await resident.send("guide me", language="en"))["text"]


async def test_outside_of_the_guide_never_mind_is_a_no(start: Start) -> None:
    resident = await start("kent-wa", "en")
    assert (await resident.send("never mind"))["text"] == "All right. What would you like to know?"


@pytest.mark.parametrize("text", ["why", "what do you mean"])
async def test_the_guide_says_why_it_asks_and_asks_again(start: Start, text: str) -> None:
    resident = await start("kent-wa", "en")
    first = await resident.send(choice=GUIDE)
    reply = await resident.send(text)
    assert reply["text"] == (
        "I ask because in danger you need 911, and not this chat. Your answer only tells me what to show you.\n\n"
        + first["text"]
    )
    assert [choice["send"] for choice in reply["choices"]] == ["/press_now", NO]
