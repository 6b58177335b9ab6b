"""Guards a resident's conversation over HTTP, with the real server and the real Rasa, for every department."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from bot.settings import Settings

if TYPE_CHECKING:
    from tests.conftest import Server, Start

pytestmark = pytest.mark.rasa

DATA = Settings().data_dir
TOPICS: dict[str, Any] = yaml.safe_load((DATA / "topics.yml").read_text(encoding="utf-8"))["topics"]
DEPARTMENTS = sorted(folder.name for folder in (DATA / "faq").iterdir() if folder.is_dir())
LANGUAGES = ["en", "es"]
HANDOFF = {"en": "Talk to a person", "es": "Hablar con alguien"}
YES, NO = {"en": "Yes", "es": "Sí"}, {"en": "No", "es": "No"}
GUIDE = "/press_guide"


def published(department: str, document: str) -> str:
    """The words of one published text of a department, white space folded."""
    path: Path = DATA / "faq" / department / "policies" / f"{document}.md"
    return " ".join(path.read_text(encoding="utf-8").split())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("department", DEPARTMENTS)
async def test_a_question_is_answered_in_its_language_with_that_departments_words(
    start: Start, department: str, language: str
) -> None:
    conversation = await start(department)
    assert conversation.greeting["kind"] == "smalltalk"
    assert conversation.greeting["department"] == department
    for topic in ("report-in-spanish", "what-is-asked"):
        reply = await conversation.send(TOPICS[topic]["example"][language])
        assert (reply["topic"], reply["language"], reply["department"]) == (topic, language, department)
        # Where the text is silent, nothing is cited.
        assert bool(reply["citations"]) == (reply["kind"] == "answer")
        for citation in reply["citations"]:
            assert citation["quote"] in published(department, citation["document"])
            if language == "es":
                assert citation["translation_status"] in {"official", "reviewed", "unreviewed"}
                assert citation["translation"] not in {None, citation["quote"]}


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_greeting_offers_topics_that_can_be_pressed(start: Start, language: str) -> None:
    conversation = await start("kent-wa", language)
    assert conversation.greeting["choices"]
    for choice in conversation.greeting["choices"]:
        reply = await conversation.send(choice=choice["send"])
        assert reply["kind"] in {"answer", "no_answer"}
        assert TOPICS[reply["topic"]]["label"][language] == choice["label"]
        assert reply["language"] == language


@pytest.mark.parametrize(("department", "language"), [("kent-wa", "en"), ("roeland-park-ks", "es")])
async def test_the_button_for_a_person_starts_a_handoff_and_the_resident_can_go_on(
    start: Start, department: str, language: str
) -> None:
    conversation = await start(department, language)
    asked = await conversation.send("purple elephants knitting on the moon")
    reply = await conversation.press(asked, HANDOFF[language])
    assert (reply["kind"], reply["handoff_offered"], "911" in reply["text"]) == ("handoff", True, True)
    assert (await conversation.send(TOPICS["report-in-spanish"]["example"][language]))["kind"] == "answer"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("answers", "topic"),
    [([YES], "report-danger-now"), ([NO, YES], "report-not-urgent"), ([NO, NO], "report-anonymous")],
    ids=["now", "with a name", "without a name"],
)
async def test_the_guide_asks_and_then_answers(
    start: Start, language: str, answers: list[dict[str, str]], topic: str
) -> None:
    conversation = await start("kent-wa", language)
    reply = await conversation.send(choice=GUIDE)
    for answer in answers:
        assert reply["kind"] == "clarify"
        reply = await conversation.press(reply, answer[language])
    assert reply["topic"] == topic
    # The guide is over: a yes is no answer to it any more.
    assert (await conversation.send("ok"))["kind"] != "answer"


async def test_a_guide_that_was_broken_off_begins_with_danger_again(start: Start) -> None:
    conversation = await start("kent-wa", "en")
    first = await conversation.send(choice=GUIDE)
    second = await conversation.press(first, "No")
    assert second["text"] != first["text"]
    await conversation.send("I want to talk to a person")
    again = await conversation.send(choice=GUIDE)
    assert again["text"] == first["text"]


async def test_a_yes_to_danger_is_one_whenever_it_is_pressed(start: Start) -> None:
    conversation = await start("kent-wa", "en")
    first = await conversation.send(choice=GUIDE)
    await conversation.press(first, "No")
    late = await conversation.press(first, "Yes")  # while the guide asks for the name
    assert (late["topic"], "911" in late["text"]) == ("report-danger-now", True)
    after = await conversation.press(first, "Yes")  # when it is over
    assert (after["topic"], "911" in after["text"]) == ("report-danger-now", True)


@pytest.mark.parametrize(("language", "text"), [("en", "idk"), ("es", "no sé")])
async def test_who_is_not_sure_of_danger_in_the_guide_is_told_what_to_do_in_it_and_asked_on(
    start: Start, language: str, text: str
) -> None:
    conversation = await start("kent-wa", language)
    await conversation.send(choice=GUIDE)
    unsure = await conversation.send(text)
    assert (unsure["kind"], unsure["steps"][0]["href"]) == ("emergency", "tel:911")
    assert [choice["send"] for choice in unsure["choices"]] == ["/press_yes", "/press_no"]


async def test_a_typed_yes_to_the_offer_of_a_person_passes_nothing_on(start: Start) -> None:
    conversation = await start("kent-wa", "en")
    await conversation.send(choice="/press_person")
    reply = await conversation.send("yes")
    assert reply["kind"] == "handoff"
    assert reply["text"].startswith("I have not passed this on yet.")


async def test_a_question_in_the_guide_is_answered_and_the_guide_goes_on(start: Start) -> None:
    conversation = await start("kent-wa", "en")
    first = await conversation.send(choice=GUIDE)
    reply = await conversation.send(TOPICS["what-is-asked"]["example"]["en"])
    assert (reply["kind"], reply["topic"]) == ("answer", "what-is-asked")
    assert reply["citations"]
    assert reply["text"].endswith(first["text"])
    reply = await conversation.press(reply, "No")
    assert reply["kind"] == "clarify"
    assert (await conversation.send("no"))["topic"] == "report-anonymous"


@pytest.mark.parametrize("before", ["", "/", "/ ", "/\t", "\u200b", "/\u00a0"])
async def test_what_a_button_sends_is_only_text_when_it_is_typed(start: Start, before: str) -> None:
    conversation = await start("kent-wa", "en")
    button = '/choose_topic{"topic": "what-is-asked"}'
    assert (await conversation.send(choice=button))["confidence"] == 1.0
    typed = await conversation.send(f"{before}{button}")
    assert (typed["kind"], typed["confidence"]) != ("answer", 1.0)


@pytest.mark.parametrize(
    ("words", "language"), [("in english please", "en"), ("en español por favor", "es")], ids=["english", "spanish"]
)
async def test_the_language_changes_in_words_and_stays(start: Start, words: str, language: str) -> None:
    other = {"en": "es", "es": "en"}[language]
    conversation = await start("kent-wa", other)
    assert (await conversation.send(words))["language"] == language
    # Chosen: not even a question in the other language moves it.
    reply = await conversation.send(TOPICS["what-is-asked"]["example"][other])
    assert (reply["topic"], reply["language"]) == ("what-is-asked", language)


async def test_the_language_changes_by_the_field(start: Start) -> None:
    conversation = await start("kent-wa", "en")
    reply = await conversation.send("ok", language="es")
    assert reply["language"] == "es"
    assert (await conversation.send("ok"))["language"] == "es"
    assert (await conversation.transcript())["language"] == "es"


@pytest.mark.parametrize(("header", "language"), [("es-MX,es;q=0.9", "es"), ("en-US", "en"), ("tlh;q=x,*", None)])
async def test_the_greeting_is_in_the_browsers_language(start: Start, header: str, language: str | None) -> None:
    greeting = (await start("kent-wa", headers={"Accept-Language": header})).greeting
    assert greeting["language"] in ({language} if language else LANGUAGES)


@pytest.mark.parametrize("text", ["someone is breaking in right now", "se están metiendo a la casa"])
@pytest.mark.parametrize("guided", [False, True])
async def test_danger_is_answered_with_911_wherever_it_comes(start: Start, text: str, guided: bool) -> None:
    conversation = await start("kent-wa")
    if guided:
        await conversation.send(choice=GUIDE)
    reply = await conversation.send(text)
    assert (reply["kind"], "911" in reply["text"], reply["handoff_offered"]) == ("emergency", True, True)


STORY = (
    "I lost my copy of the police report from the accident in May. The insurance company asks for it every week and I "
    "don't know where to go. I called twice. "
)


@pytest.mark.parametrize(
    "text",
    [
        f"{STORY}There is a man with a gun in my house.",
        f"{STORY}He is breaking down my door right now.",
        f"{STORY}Hay un hombre con pistola en mi casa.",
        f"{STORY * 4}Están tumbando mi puerta ahorita.",
        "What are your office hours? My son is missing.",
        "¿Dónde pago una multa? Mi hija está perdida.",
    ],
)
async def test_danger_in_one_sentence_of_a_story_is_met(start: Start, text: str) -> None:
    reply = await (await start("kent-wa")).send(text)
    assert (reply["kind"], "911" in reply["text"]) == ("emergency", True)


async def test_the_transcript_is_what_was_said(start: Start) -> None:
    conversation = await start("kent-wa", "es")
    said = ["hola", "¿La policía me va a preguntar si tengo papeles?", "gracias"]
    replies = [await conversation.send(text) for text in said]
    replies.append(await conversation.press(conversation.greeting, TOPICS["what-is-asked"]["label"]["es"]))
    said.append(TOPICS["what-is-asked"]["label"]["es"])
    transcript = await conversation.transcript()
    assert (transcript["id"], transcript["department"]) == (conversation.id, "kent-wa")
    assert [message["number"] for message in transcript["messages"]] == list(range(1, 9))
    assert [message["author"] for message in transcript["messages"]] == ["resident", "bot"] * 4
    assert [message["text"] for message in transcript["messages"][::2]] == said
    assert [message["reply"] for message in transcript["messages"][1::2]] == replies


async def test_a_message_sent_twice_is_answered_once(start: Start) -> None:
    conversation = await start("kent-wa", "es")
    first = await conversation.send("hola", id="el-mismo-1")
    again = await asyncio.gather(*(conversation.send("hola", id="el-mismo-1") for _ in range(5)))
    assert again == [first] * 5
    assert len((await conversation.transcript())["messages"]) == 2


async def test_two_residents_clients_may_count_alike(start: Start) -> None:
    conversations = [await start("kent-wa", "es") for _ in range(2)]
    for conversation in conversations:
        await conversation.send("hola", id="00000001")
    assert [len((await each.transcript())["messages"]) for each in conversations] == [2, 2]


async def test_messages_at_once_are_all_answered_in_the_order_they_came(start: Start, server: Server) -> None:
    conversation = await start("kent-wa", "en")
    await asyncio.gather(*(conversation.send(f"hello {each}", id=f"message-{each}") for each in range(10)))
    messages = (await conversation.transcript())["messages"]
    asked = {message["number"]: message["text"] for message in messages if message["author"] == "resident"}
    assert {*asked.values()} == {f"hello {each}" for each in range(10)}
    query = "SELECT in_reply_to FROM messages WHERE conversation_id = ? AND author = 'bot' ORDER BY number"
    with sqlite3.connect(f"file:{server.var_dir / 'enlace.db'}?mode=ro", uri=True) as database:
        answered = [number for (number,) in database.execute(query, [conversation.id])]
    assert answered == [*asked]


async def test_who_is_threatened_is_warned_though_the_text_answers_what_they_say(start: Start) -> None:
    threatened = await start("kansas-city-mo", "es")
    reply = await threatened.send("mi ex me tiene amenazada que si llamo me deportan")
    assert reply["kind"] == "emergency"
