"""Several questions in one message: told apart, and each topic that is surely asked about stands."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from real_content import real
from turning import Rasa, Search, accept, new, settle

from bot.conversations.store import Store
from bot.replies import Say, topic_choice
from bot.retrieval.decision import Outcome
from bot.retrieval.index import Found
from bot.turns.several import Several
from bot.turns.turn import Turn
from bot.turns.turns import Turns

SEVERAL = Several(real().languages)
VECTOR = np.zeros(2, dtype=np.float32)


@pytest.mark.parametrize(
    ("text", "questions"),
    [
        (
            "Will the police ask for my papers, do I have to give my name, and can I report in Spanish?",
            ["Will the police ask for my papers,", "do I have to give my name,", "and can I report in Spanish?"],
        ),
        (
            "Hola, quiero saber si puedo reportar en español, si le avisan a ICE y cuánto pagan de recompensa",
            [
                "Hola, quiero saber si puedo reportar en español,",
                "si le avisan a ICE",
                "y cuánto pagan de recompensa",
            ],
        ),
        (
            "Do you work with ICE? Can I be arrested for no papers?",
            ["Do you work with ICE?", "Can I be arrested for no papers?"],
        ),
        ("¿Hablan español? ¿Me van a pedir papeles?", ["¿Hablan español?", "¿Me van a pedir papeles?"]),
        (
            "me robaron ayer, ¿cómo lo reporto? y también ¿le avisan a la migra?",
            ["me robaron ayer, ¿cómo lo reporto?", "y también ¿le avisan a la migra?"],
        ),
        (
            "how do i file a report. will they ask where i was born",
            ["how do i file a report.", "will they ask where i was born"],
        ),
        ("do you ask for papers and do you tell ice", ["do you ask for papers", "and do you tell ice"]),
        (
            "do you a? do you b? do you c? do you d? do you e?",
            ["do you a?", "do you b?", "do you c?", "do you d?"],
        ),
    ],
)
def test_the_questions_of_a_message(text: str, questions: list[str]) -> None:
    assert SEVERAL.questions(text) == questions


@pytest.mark.parametrize(
    "text",
    [
        "can I report a robbery if I have no papers",
        "¿y si soy testigo?",
        "my brother was robbed last week and is scared. He has no papers. Can he report it?",
        "me asaltaron y me quitaron la bolsa, ¿puedo denunciar?",
        "si declaro, me preguntan cómo entré al país?",
        "does kcpd ask people where theyre from or if they got papers",
        "I saw who did it and I want to tell, can I stay out of it",
        "solo traigo mi pasaporte, me lo pueden pedir",
        "En mi calle hay robos. ¿A quién le digo?",
        "",
        "? ? ?",
    ],
)
def test_a_message_with_one_question_has_no_several(text: str) -> None:
    assert SEVERAL.questions(text) == []


@pytest.mark.parametrize("text", ["and the other one?", "y lo otro", "ok and the others", "¿y la segunda?", "the rest"])
def test_the_next_question_is_asked_for(text: str) -> None:
    assert SEVERAL.names_another(text)


@pytest.mark.parametrize(
    "text", ["and my cousin?", "thanks", "can I ask about another department in other words please"]
)
def test_another_message_asks_for_no_next_question(text: str) -> None:
    assert not SEVERAL.names_another(text)


def turn(whole: Outcome, *each: Outcome) -> Turn:
    """A turn of which search says this, of the message and then of each question."""
    content: Any = SimpleNamespace(profile=SimpleNamespace(id="kent-wa"), answers={})
    found = Found([], elsewhere=0.0, inside=0.0, outside=0.0)
    outcomes = iter([whole, *each])
    read = Turn(
        text="?",
        language="en",
        languages=["en"],
        content=content,
        index=SimpleNamespace(search=lambda *_: found),  # type: ignore[arg-type]
        decision=SimpleNamespace(decide=lambda *_: next(outcomes)),  # type: ignore[arg-type]
    )
    read.read(VECTOR)
    read.read_each([("?", VECTOR) for _ in each])
    return read


def sure(topic: str, confidence: float = 0.9) -> Outcome:
    """An answer."""
    return Outcome("answer", (topic,), confidence)


NOTHING = Outcome("no_answer", (), 0.0)


@pytest.mark.parametrize(
    ("whole", "each", "topic", "others"),
    [
        (NOTHING, [sure("a"), sure("b"), sure("c")], "a", ("b", "c")),
        (sure("b"), [sure("a"), sure("b")], "b", ("a",)),
        (sure("z"), [sure("a"), sure("b")], "a", ("b",)),
        (sure("b", 0.2), [sure("a"), sure("b")], "a", ("b",)),
        (sure("reach-liaison"), [sure("reach-liaison"), sure("b")], "b", ("reach-liaison",)),
        # One of them alone, or the same again, is no second one.
        (sure("z"), [sure("a"), sure("b", 0.3)], "z", ()),
        (sure("z"), [sure("a"), sure("a"), NOTHING], "z", ()),
    ],
)
def test_each_topic_that_is_surely_asked_about_stands(
    whole: Outcome, each: list[Outcome], topic: str, others: tuple[str, ...]
) -> None:
    read = turn(whole, *each)
    assert (read.outcome.topics[0], read.others) == (topic, others)


# "La segunda" is the second question, not the second button.
@pytest.mark.parametrize("another", ["y lo otro", "la segunda"])
async def test_one_of_several_is_answered_and_the_others_are_the_first_buttons(
    store: Store, rasa: Rasa, turns: Turns, monkeypatch: pytest.MonkeyPatch, another: str
) -> None:
    about = {"papeles": "what-is-asked", "español": "report-in-spanish", "nombre": "report-anonymous"}

    def search(_: Any, department: str, text: str, vector: Any) -> Any:
        return [topic for word, topic in about.items() if word in text]

    async def answers(conversation: str, text: str) -> list[Say]:
        topic = text.split('"')[3] if text.startswith("/") else turns._answering.of(conversation).outcome.topics[0]
        return [Say(say="answer", topic=topic, confidence=0.9)]

    monkeypatch.setattr(Search, "search", search)
    monkeypatch.setattr(Search, "decide", lambda _, found, words: sure(found[0]) if len(found) == 1 else NOTHING)
    monkeypatch.setattr(Turn, "_search", lambda self, text, vector: self.index.search("", text, vector))
    rasa.answer = answers
    conversation = await new(store)
    text = "¿Me van a pedir papeles? ¿Hablan español? ¿Tengo que dar mi nombre?"
    first = await settle(turns, conversation.id, await accept(store, conversation, text))
    assert first
    assert first.topic == "what-is-asked"
    assert [choice.send for choice in first.choices[:2]] == [
        topic_choice("report-in-spanish"),
        topic_choice("report-anonymous"),
    ]
    for word, topic, left in ((another, "report-in-spanish", 1), ("¿y la tercera?", "report-anonymous", 0)):
        reply = await settle(turns, conversation.id, await accept(store, conversation, word))
        assert reply
        assert reply.topic == topic
        assert (topic_choice("report-anonymous") in [choice.send for choice in reply.choices[:1]]) == bool(left)
    assert rasa.asked[1:] == [topic_choice("report-in-spanish"), topic_choice("report-anonymous")]
