"""What the actions say, each by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import all_actions, guide
from actions.report import ValidateReportForm
from bot.replies import Say
from bot.retrieval.decision import Outcome

FOUND = Say(say="answer", topic="detainers", confidence=0.7)


@dataclass
class Turn:
    """A turn of a department that answers everything."""

    text: str = "?"
    language: str = "en"
    languages: Sequence[str] = ("en", "es")
    before: str = "en"
    last_topic: str | None = None
    person: bool = False
    outcome: Outcome = field(default=Outcome("no_answer", (), 0.0))
    flag: str | None = None
    sure_topic: str | None = None

    def answers(self, topic: str) -> bool:
        return True

    def of(self, conversation_id: str) -> Turn:
        """The turn of any conversation."""
        return self


def tracker(intent: str, topic: str | None = None) -> Tracker:
    """A conversation whose last message has this intent."""
    entities = [{"entity": "topic", "value": topic}] if topic else []
    message = {"intent": {"name": intent}, "intent_ranking": [{"name": intent}], "entities": entities}
    return Tracker("a", {}, message, [], False, None, {}, "action_listen")


async def said(turn: Turn, name: str, now: Tracker) -> list[Say]:
    """What the action of this name says."""
    action: Action = next(action for action in all_actions(turn) if action.name() == name)
    dispatcher = CollectingDispatcher()
    await action.run(dispatcher, now, {})
    return [message["custom"] for message in dispatcher.messages]


@pytest.mark.parametrize(
    ("topic", "say"),
    [
        ("reach-liaison", Say(say="handoff")),
        ("detainers", Say(say="answer", topic="detainers", confidence=1.0)),
    ],
)
async def test_the_topic_of_how_to_reach_a_person_offers_one(topic: str, say: Say) -> None:
    assert await said(Turn(), "action_choose_topic", tracker("choose_topic", topic)) == [say]
    found = Turn(outcome=Outcome("answer", (topic,), 1.0))
    assert await said(found, "action_answer", tracker("faq")) == [say]


@pytest.mark.parametrize(("person", "say"), [(True, Say(say="handoff")), (False, FOUND)])
async def test_a_question_about_a_person_is_searches_where_none_is_in_question(person: bool, say: Say) -> None:
    turn = Turn(person=person, outcome=Outcome("answer", ("detainers",), 0.7))
    assert await said(turn, "action_about_person", tracker("ask_about_person")) == [say]


async def test_what_can_be_done_now_goes_on_from_the_last_answer() -> None:
    assert await said(Turn(), "action_next_steps", tracker("next_steps")) == [Say(say="next_steps")]
    after = await said(Turn(last_topic="detainers"), "action_next_steps", tracker("next_steps"))
    assert after == [Say(say="next_steps", topic="detainers")]


async def test_who_speaks_no_language_that_is_served_is_not_promised_one() -> None:
    turn = Turn(text="no hablo español ni ingles hablo mam", last_topic="detainers")
    assert await said(turn, "action_change_language", tracker("change_language")) == [
        Say(say="smalltalk", message="languages")
    ]


@pytest.mark.parametrize(("intent", "says"), [("unsure", [Say(say="emergency")]), ("deny", []), ("affirm", [])])
def test_who_is_not_sure_whether_somebody_is_in_danger_is_told_what_to_do_in_it(intent: str, says: list[Say]) -> None:
    dispatcher = CollectingDispatcher()
    value = intent == "affirm"
    validated = ValidateReportForm(Turn()).validate_report_happening_now(value, dispatcher, tracker(intent), {})
    assert validated == {"report_happening_now": value}
    assert [message["custom"] for message in dispatcher.messages] == says


@pytest.mark.parametrize("text", ["do you speak Portuguese?", "please answer me in arabic", "i only speak mixteco"])
async def test_who_asks_for_a_language_that_is_not_served_is_told_which_are(text: str) -> None:
    turn = Turn(text=text, last_topic="detainers")
    says = await said(turn, "action_change_language", tracker("change_language"))
    assert says == [Say(say="smalltalk", message="languages")]


NOW, NAME = "report_happening_now", "report_with_name"


async def asked(
    slot: str, text: str, intent: str = "faq", turn: Turn | None = None
) -> tuple[dict[str, Any], list[Say]]:
    """What `text` fills while the guide asks for `slot`, and what is said to it."""
    now = tracker(intent)
    now.latest_message["text"] = text
    now.slots = {"requested_slot": slot, NOW: None if slot == NOW else False, NAME: None}
    form, dispatcher = ValidateReportForm(turn or Turn(text=text)), CollectingDispatcher()
    filled: dict[str, Any] = {}
    for required in await form.required_slots([NOW, NAME], dispatcher, now, {}):
        filled |= getattr(form, f"extract_{required}")(dispatcher, now, {})
    return filled, [message["custom"] for message in dispatcher.messages]


@pytest.mark.parametrize(
    ("text", "now"),
    [
        ("its happening now", True),
        ("he is here", True),
        ("esta pasando", True),
        ("si esta pasando ahora", True),
        ("Sí, ahorita", True),
        ("yes", True),
        ("no it was yesterday", False),
        ("no, fue ayer", False),
        ("last week", False),
        ("hace tres días", False),
        ("nobody is in danger", False),
        ("ya no", False),
    ],
)
async def test_plain_words_say_whether_it_happens_now(text: str, now: bool) -> None:
    assert await asked(NOW, text) == ({NOW: now}, [])


@pytest.mark.parametrize(
    ("text", "with_name"),
    [
        ("no name", False),
        ("anonymous", False),
        ("sin nombre", False),
        ("anónimo", False),
        ("no quiero dar mi nombre", False),
        ("i dont want to give my name", False),
        ("si puedo", True),
        ("yes", True),
        ("con mi nombre", True),
        ("no", False),
    ],
)
async def test_plain_words_say_whether_to_give_a_name(text: str, with_name: bool) -> None:
    assert await asked(NAME, text, "deny") == ({NAME: with_name}, [])


@pytest.mark.parametrize("text", ["do they ask for papers?", "hola", "si alguien me ve me hacen algo?"])
@pytest.mark.parametrize("slot", [NOW, NAME])
async def test_other_words_answer_none_of_the_guides_questions(slot: str, text: str) -> None:
    assert await asked(slot, text) == ({}, [])


@pytest.mark.parametrize(
    ("slot", "sure_topic", "flag", "filled"),
    [
        (NOW, "report-danger-now", None, {NOW: True}),
        (NOW, "report-not-urgent", None, {NOW: False}),
        (NOW, None, "emergency", {NOW: True}),
        (NAME, None, "emergency", {NOW: True}),
        (NAME, "report-anonymous", None, {NAME: False}),
        (NAME, "share-with-ice", None, {}),
    ],
)
async def test_what_search_and_the_safety_net_know_answers_the_guide(
    slot: str, sure_topic: str | None, flag: str | None, filled: dict[str, Any]
) -> None:
    text = "somebody wrote this in many words"
    assert await asked(slot, text, turn=Turn(text=text, sure_topic=sure_topic, flag=flag)) == (filled, [])


async def test_a_no_before_a_question_about_something_else_is_none() -> None:
    text = "no, but do they share it"
    assert await asked(NOW, text, turn=Turn(text=text, sure_topic="share-with-ice")) == ({}, [])


LEAVE = [
    "never mind",
    "cancel",
    "skip",
    "Stop!",
    "exit",
    "olvídelo",
    "cancelar",
    "ya no quiero",
    "no, cancel it please",
]


@pytest.mark.parametrize("text", LEAVE)
@pytest.mark.parametrize("slot", [NOW, NAME])
async def test_the_guide_can_be_left_in_words(slot: str, text: str) -> None:
    now = tracker("deny")
    now.latest_message["text"] = text
    now.slots = {"requested_slot": slot, NOW: None if slot == NOW else False, NAME: None}
    form = ValidateReportForm(Turn(text=text))
    assert await form.required_slots([NOW, NAME], CollectingDispatcher(), now, {}) == [NOW]
    assert form.extract_report_happening_now(CollectingDispatcher(), now, {}) == {NOW: False}
    now.slots = {"requested_slot": None, NOW: False, NAME: None}  # nothing is left to ask
    assert await said(Turn(text=text), "action_guide_report", now) == [Say(say="smalltalk", message="stop_guide")]


@pytest.mark.parametrize(("slot", "leaves"), [(NOW, False), (NAME, True)])
async def test_no_longer_is_a_no_to_danger_and_leaves_what_comes_after(slot: str, leaves: bool) -> None:
    filled, _ = await asked(slot, "ya no", "deny")
    assert filled == {NOW: False}
    assert guide.leaves("ya no", slot) is leaves


@pytest.mark.parametrize(
    "text", ["why", "Why do you ask?", "what do you mean", "por qué", "para qué quiere saber", "why me"]
)
@pytest.mark.parametrize("slot", [NOW, NAME])
async def test_the_guide_says_why_it_asks(slot: str, text: str) -> None:
    assert await asked(slot, text) == ({slot: None}, [Say(say="smalltalk", message=f"why_{slot}")])


async def test_what_asks_for_an_explanation_is_told_why_the_guide_asks() -> None:
    assert await asked(NOW, "can you put it in other words", "explain") == (
        {NOW: None},
        [Say(say="smalltalk", message=f"why_{NOW}")],
    )


@pytest.mark.parametrize("text", ["why do you work with ICE", "what do you do with it", "como reporto un robo"])
def test_a_question_about_something_else_does_not_ask_why(text: str) -> None:
    assert not guide.asks_why(text)
    assert not guide.leaves(text, NOW)
