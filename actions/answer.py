"""Answers a question, offers a person or topics to choose from, or says that the published text has no answer."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.turns import TurnLookup
from bot.replies import REACH_LIAISON, Say


class Answer(Action):
    """`action_answer`: search decides."""

    def __init__(self, turns: TurnLookup) -> None:
        """`turns` finds the running turn."""
        self._turns = turns

    def name(self) -> str:
        """Rasa's contract."""
        return "action_answer"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[dict[str, Any]]:
        """Rasa's contract: say one thing, change nothing."""
        outcome = self._turns.of(tracker.sender_id).outcome
        say = Say(say=outcome.kind, confidence=outcome.confidence)
        if outcome.kind != "answer":
            say["topics"] = list(outcome.topics)
        else:
            say = _about(outcome.topics[0], outcome.confidence)
        dispatcher.utter_message(json_message=say)
        return []


class AboutPerson(Answer):
    """`action_about_person`: how long it takes, who reads it; where no person is in question, search decides."""

    def name(self) -> str:
        """Rasa's contract."""
        return "action_about_person"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[dict[str, Any]]:
        """Rasa's contract: say one thing, change nothing."""
        if not self._turns.of(tracker.sender_id).person:
            return await super().run(dispatcher, tracker, domain)
        dispatcher.utter_message(json_message=Say(say="handoff"))
        return []


class ChooseTopic(Action):
    """`action_choose_topic`: a button was pressed; nothing is searched."""

    def __init__(self, turns: TurnLookup) -> None:
        """`turns` finds the running turn."""
        self._turns = turns

    def name(self) -> str:
        """Rasa's contract."""
        return "action_choose_topic"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[dict[str, Any]]:
        """Rasa's contract: answer the topic, if the department still has it switched on."""
        topic = next(tracker.get_latest_entity_values("topic"), "")
        if self._turns.of(tracker.sender_id).answers(topic):
            dispatcher.utter_message(json_message=_about(topic, 1.0))
        else:
            dispatcher.utter_message(json_message=Say(say="no_answer", confidence=1.0))
        return []


def _about(topic: str, confidence: float) -> Say:
    """The answer to `topic`; who asks how to reach a person is offered one, as by `ask_person`, in the same words."""
    if topic == REACH_LIAISON:
        return Say(say="handoff")
    return Say(say="answer", topic=topic, confidence=confidence)
