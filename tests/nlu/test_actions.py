"""What the actions say, each by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import all_actions
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
    validated = ValidateReportForm().validate_report_happening_now(value, dispatcher, tracker(intent), {})
    assert validated == {"report_happening_now": value}
    assert [message["custom"] for message in dispatcher.messages] == says
