"""A message about the last answer, or one that can't stand without the question before, is understood."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.replies import PERSON

if TYPE_CHECKING:
    from tests.conftest import Start

pytestmark = [pytest.mark.rasa, pytest.mark.model]


async def test_the_last_answer_is_explained_shortened_and_proved(start: Start) -> None:
    resident = await start("kent-wa", "es")
    answer = await resident.send("me van a preguntar si tengo papeles")
    assert answer["kind"] == "answer"
    shorter = await resident.send("más corto por favor")
    assert shorter["topic"] == answer["topic"]
    assert len(shorter["text"]) < len(answer["text"])
    assert shorter["citations"] == answer["citations"]
    source = await resident.send("¿dónde dice eso?")
    assert source["topic"] == answer["topic"]
    assert answer["citations"][0]["quote"] in source["text"]
    explained = await resident.send("no entiendo, explíqueme")
    assert explained["topic"] == answer["topic"]
    assert answer["citations"][0]["quote"] in explained["text"]
    conditions = await resident.send("¿y eso es siempre?")
    assert conditions["topic"] == answer["topic"]
    assert conditions["text"].startswith("Excepciones y límites:\n• ")
    assert conditions["text"] in answer["text"]
    assert conditions["citations"] == answer["citations"]


async def test_the_last_answer_comes_again_in_the_language_that_is_asked_for(start: Start) -> None:
    resident = await start("roeland-park-ks", "en")
    answer = await resident.send("do you hold people for ICE?")
    spanish = await resident.send("in spanish please")
    assert (spanish["language"], spanish["topic"]) == ("es", answer["topic"])
    assert spanish["text"].startswith("Le responderé en español.")
    assert [each["quote"] for each in spanish["citations"]] == [each["quote"] for each in answer["citations"]]


async def test_who_speaks_no_english_is_answered_in_spanish(start: Start) -> None:
    for said in ("no hablo inglés", "i dont speak english"):
        resident = await start("kent-wa")
        reply = await resident.send(said)
        assert (reply["language"], reply["text"]) == ("es", "Le responderé en español.")


async def test_an_insult_is_declined_with_a_person_offered_and_changes_nothing(start: Start) -> None:
    resident = await start("kent-wa", "es")
    answer = await resident.send("me van a preguntar si tengo papeles")
    insulted = await resident.send("vete a la chingada")
    assert (insulted["kind"], insulted["citations"]) == ("no_answer", [])
    assert PERSON in [choice["send"] for choice in insulted["choices"]]
    shorter = await resident.send("más corto por favor")
    assert shorter["topic"] == answer["topic"]


async def test_with_nothing_answered_yet_that_is_said(start: Start) -> None:
    resident = await start("kent-wa", "en")
    reply = await resident.send("where does it say that?")
    assert reply["kind"] == "smalltalk"
    assert reply["text"].startswith("I do not know which answer you mean.")
    assert reply["choices"]


@pytest.mark.parametrize(("language", "text"), [("en", "what do i do now"), ("es", "entonces que hago")])
async def test_what_can_be_done_now_goes_on_from_the_answer(start: Start, language: str, text: str) -> None:
    resident = await start("kent-wa", language)
    await resident.send({"en": "do officers ask for papers?", "es": "¿me van a preguntar si tengo papeles?"}[language])
    reply = await resident.send(text)
    assert "911" in reply["text"]
    assert {"/press_guide", PERSON} <= {choice["send"] for choice in reply["choices"]}


@pytest.mark.parametrize(("language", "text"), [("en", "delete my messages"), ("en", "ERASE"), ("es", "borrar")])
async def test_on_the_website_nothing_is_erased_by_a_word_and_that_is_said(
    start: Start, language: str, text: str
) -> None:
    resident = await start("kent-wa", language)
    reply = await resident.send(text)
    says = {"en": "I have not erased anything.", "es": "No he borrado nada."}[language]
    assert (reply["kind"], reply["text"].startswith(says)) == ("smalltalk", True)


@pytest.mark.parametrize(("language", "text"), [("en", "wait"), ("en", "i have a question"), ("es", "qué bueno")])
async def test_a_pause_turns_nobody_away(start: Start, language: str, text: str) -> None:
    resident = await start("kent-wa", language)
    reply = await resident.send(text)
    says = {"en": "All right. What would you like to know?", "es": "Está bien. ¿Qué quiere saber?"}[language]
    assert reply["text"] == says


@pytest.mark.parametrize("text", ["¿mi prima también?", "¿y a mi prima?"])
async def test_what_says_nothing_by_itself_is_not_answered(start: Start, text: str) -> None:
    alone = await start("kent-wa", "es")
    first = await alone.send(text)
    assert first["kind"] != "answer"


@pytest.mark.parametrize(
    "text",
    [
        "¿mi hermana también?",
        "¿mi hijo también?",
        "¿también mi primo?",
        "my cousin too?",
        "¿mi prima también?",
        "¿y a mi prima?",
    ],
)
async def test_a_follow_up_is_read_with_the_question_before(start: Start, text: str) -> None:
    resident = await start("kent-wa", "es")
    answer = await resident.send("¿puedo reportar un robo si no tengo papeles?")
    assert answer["kind"] == "answer"
    followed = await resident.send(text)
    assert (followed["kind"], followed["topic"]) == ("answer", answer["topic"])


@pytest.mark.parametrize("text", ["gracias", "¿y qué tiempo va a hacer mañana?"])
async def test_what_is_about_something_else_is_not_read_with_the_question_before(start: Start, text: str) -> None:
    resident = await start("kent-wa", "es")
    assert (await resident.send("¿puedo reportar un robo si no tengo papeles?"))["kind"] == "answer"
    assert (await resident.send(text))["kind"] in {"smalltalk", "no_answer"}


async def test_who_can_see_this_chat_is_told_at_any_time(start: Start) -> None:
    resident = await start("kent-wa", "en")
    await resident.send("do police ask for papers?")
    assert "court" in (await resident.send("who can see this chat?"))["text"]


async def test_the_guide_asks_for_no_details(start: Start) -> None:
    resident = await start("kent-wa", "en")
    asked = await resident.send(choice="/press_guide")
    assert "do not write here what happened" in asked["text"]


async def test_a_message_in_a_language_that_is_not_served_gets_a_sentence_in_it(start: Start) -> None:
    resident = await start("kent-wa", "en")
    for text, language in (("我被抢了，警察会问我的身份吗？", "zh-Hans"), ("Меня ограбили, помогите", "ru")):
        reply = await resident.send(text)
        assert (reply["language"], reply["kind"], reply["citations"]) == (language, "no_answer", [])
        assert "911" in reply["text"]
        assert [choice["send"] for choice in reply["choices"]] == ["/press_person"]
    assert (await resident.send("do police ask for papers?"))["language"] == "en"


async def test_another_places_police_are_not_answered_for(start: Start) -> None:
    resident = await start("kent-wa", "en")
    reply = await resident.send("does the Chicago police work with ICE?")
    assert (reply["kind"], reply["citations"]) == ("no_answer", [])
    assert "Kent" in reply["text"]


@pytest.mark.parametrize(
    ("language", "before", "text"),
    [
        ("es", "¿la policía de Seattle le avisa a la migra?", "¿y ustedes?"),
        ("en", "does Renton PD report you to ICE", "i meant kent"),
    ],
)
async def test_who_comes_back_from_another_place_has_asked_the_department(
    start: Start, language: str, before: str, text: str
) -> None:
    resident = await start("kent-wa", language)
    assert (await resident.send(before))["citations"] == []
    reply = await resident.send(text)
    assert (reply["kind"], reply["topic"]) == ("answer", "share-with-ice")
    # What goes on from there goes on from that question.
    assert (await resident.send("¿por qué?" if language == "es" else "why?"))["topic"] == "share-with-ice"
