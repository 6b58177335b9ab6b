"""The guide to reporting: asks how to guide, never what happened, and takes no report."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, FormValidationAction, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.turns import TurnLookup
from bot.replies import REPORT_DANGER, Say

_NOW, _WITH_NAME = "report_happening_now", "report_with_name"


class ValidateReportForm(FormValidationAction):
    """`validate_report_form`: who is in danger is asked nothing more; who isn't sure is told what to do in it."""

    def name(self) -> str:
        """Rasa's contract."""
        return "validate_report_form"

    async def required_slots(
        self, domain_slots: list[str], dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any
    ) -> list[str]:
        """Rasa's contract: the questions still to ask."""
        return [_NOW] if tracker.get_slot(_NOW) else domain_slots

    def validate_report_happening_now(
        self, value: bool, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any
    ) -> dict[str, bool]:
        """Rasa's contract: the slot as it stays."""
        if tracker.get_intent_of_latest_message() == "unsure":
            dispatcher.utter_message(json_message=Say(say="emergency"))
        return {_NOW: value}


class BeginGuide(Action):
    """`action_begin_guide`: what a guide before this one has learned is forgotten, however that one ended."""

    def name(self) -> str:
        """Rasa's contract."""
        return "action_begin_guide"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[dict[str, Any]]:
        """Rasa's contract: clear the slots, so that both questions are asked."""
        return _forget()


class DangerNow(Action):
    """`action_danger_now`: what to do in danger, for a yes to "is it happening now?" after the guide has ended."""

    def __init__(self, turns: TurnLookup) -> None:
        """`turns` finds the running turn."""
        self._turns = turns

    def name(self) -> str:
        """Rasa's contract."""
        return "action_danger_now"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[dict[str, Any]]:
        """Rasa's contract: say one thing."""
        dispatcher.utter_message(json_message=_in_danger(self._turns.of(tracker.sender_id).answers(REPORT_DANGER)))
        return []


class GuideReport(Action):
    """`action_guide_report`: the answer that fits what the guide learned, which is then forgotten."""

    def __init__(self, turns: TurnLookup) -> None:
        """`turns` finds the running turn."""
        self._turns = turns

    def name(self) -> str:
        """Rasa's contract."""
        return "action_guide_report"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[dict[str, Any]]:
        """Rasa's contract: say one thing, and clear the slots for a next time."""
        if tracker.get_slot(_NOW):
            topic = REPORT_DANGER
        elif tracker.get_slot(_WITH_NAME):
            topic = "report-not-urgent"
        else:
            topic = "report-anonymous"
        answered = self._turns.of(tracker.sender_id).answers(topic)
        if topic == REPORT_DANGER:
            say = _in_danger(answered)
        elif answered:
            say = Say(say="answer", topic=topic, confidence=1.0)
        else:
            say = Say(say="no_answer", confidence=1.0)
        dispatcher.utter_message(json_message=say)
        return _forget()


def _in_danger(answered: bool) -> Say:
    """`answered`: whether the department has an answer to what to do in danger."""
    return Say(say="answer", topic=REPORT_DANGER, confidence=1.0) if answered else Say(say="emergency")


def _forget() -> list[dict[str, Any]]:
    return [SlotSet(_NOW, None), SlotSet(_WITH_NAME, None)]
