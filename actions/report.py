"""The guide to reporting: asks how to guide, never what happened, and takes no report."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, FormValidationAction, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import REQUESTED_SLOT

from actions import guide
from actions.turns import Turn, TurnLookup
from bot.replies import REPORT_ANONYMOUS, REPORT_DANGER, REPORT_NOT_URGENT, Say

_NOW, _WITH_NAME = "report_happening_now", "report_with_name"
_FEW = 3
"""Words."""


class ValidateReportForm(FormValidationAction):
    """`validate_report_form`: who is in danger is asked nothing more; who isn't sure is told what to do in it; who asks
    why is told that, and asked again.

    Rasa knows a yes or a no by its intent. Plain words ("it was yesterday", "no name"), danger, and what search is sure
    of say more, and overrule it.
    """

    def __init__(self, turns: TurnLookup) -> None:
        """`turns` finds the running turn."""
        self._turns = turns

    def name(self) -> str:
        """Rasa's contract."""
        return "validate_report_form"

    async def required_slots(
        self, domain_slots: list[str], dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any
    ) -> list[str]:
        """Rasa's contract: the questions still to ask."""
        return [_NOW] if tracker.get_slot(_NOW) or leaves(tracker) else domain_slots

    def extract_report_happening_now(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any
    ) -> dict[str, bool | None]:
        """Rasa's contract: what the message says of whether it happens now."""
        text, asked = _said(tracker), tracker.get_slot(REQUESTED_SLOT)
        if text is None or asked is None:
            return {}
        if leaves(tracker):
            return {_NOW: False}  # nothing is left to ask, which ends the guide
        turn = self._turns.of(tracker.sender_id)
        if turn.flag == "emergency":
            return {_NOW: True}
        if asked != _NOW:
            return {_NOW: True} if turn.sure_topic == REPORT_DANGER and guide.now(text) else {}
        if _asks_why(tracker, text):
            dispatcher.utter_message(json_message=Say(say="smalltalk", message=f"why_{_NOW}"))
            return {_NOW: None}
        if _asks_else(turn, text):
            return {}
        said = _first(guide.yes_or_no(text), guide.now(text))
        if said is None and turn.sure_topic in {REPORT_DANGER, REPORT_NOT_URGENT}:
            said = turn.sure_topic == REPORT_DANGER
        return {} if said is None else {_NOW: said}

    def extract_report_with_name(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any
    ) -> dict[str, bool | None]:
        """Rasa's contract: what the message says of whether they want to give their name."""
        text = _said(tracker)
        if text is None or tracker.get_slot(REQUESTED_SLOT) != _WITH_NAME:
            return {}
        if _asks_why(tracker, text):
            dispatcher.utter_message(json_message=Say(say="smalltalk", message=f"why_{_WITH_NAME}"))
            return {_WITH_NAME: None}
        turn = self._turns.of(tracker.sender_id)
        if _asks_else(turn, text):
            return {}
        said = _first(guide.with_name(text), guide.yes_or_no(text))
        if said is None and turn.sure_topic == REPORT_ANONYMOUS:
            said = False
        return {} if said is None else {_WITH_NAME: said}

    def validate_report_happening_now(
        self, value: bool | None, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any
    ) -> dict[str, bool | None]:
        """Rasa's contract: the slot as it stays."""
        if value is False and tracker.get_intent_of_latest_message() == "unsure" and not leaves(tracker):
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
        if leaves(tracker):
            dispatcher.utter_message(json_message=Say(say="smalltalk", message="stop_guide"))
            return _forget()
        if tracker.get_slot(_NOW):
            topic = REPORT_DANGER
        elif tracker.get_slot(_WITH_NAME):
            topic = REPORT_NOT_URGENT
        else:
            topic = REPORT_ANONYMOUS
        answered = self._turns.of(tracker.sender_id).answers(topic)
        if topic == REPORT_DANGER:
            say = _in_danger(answered)
        elif answered:
            say = Say(say="answer", topic=topic, confidence=1.0, guided=True)
        else:
            say = Say(say="no_answer", confidence=1.0)
        dispatcher.utter_message(json_message=say)
        return _forget()


def leaves(tracker: Tracker) -> bool:
    """Whether the message wants no more of the guide."""
    text = _said(tracker)
    return text is not None and guide.leaves(text, tracker.get_slot(REQUESTED_SLOT))


def _said(tracker: Tracker) -> str | None:
    """The words of the message; None for a button's."""
    text = tracker.latest_message.get("text") or ""
    return None if not text or text.startswith("/") else str(text)


def _asks_why(tracker: Tracker, text: str) -> bool:
    return tracker.get_intent_of_latest_message() == "explain" or guide.asks_why(text)


def _asks_else(turn: Turn, text: str) -> bool:
    """Whether search is sure that a message of more than a few words asks what the guide doesn't."""
    own = {None, REPORT_DANGER, REPORT_NOT_URGENT, REPORT_ANONYMOUS}
    return turn.sure_topic not in own and len(text.split()) > _FEW


def _first(*said: bool | None) -> bool | None:
    return next((each for each in said if each is not None), None)


def _in_danger(answered: bool) -> Say:
    """`answered`: whether the department has an answer to what to do in danger."""
    return Say(say="answer", topic=REPORT_DANGER, confidence=1.0) if answered else Say(say="emergency")


def _forget() -> list[dict[str, Any]]:
    return [SlotSet(_NOW, None), SlotSet(_WITH_NAME, None)]
