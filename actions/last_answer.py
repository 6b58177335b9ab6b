"""What is said about the last answer: explain or shorten it, say its limits, or where it stands, say it again; and what
can be done now.
"""

from __future__ import annotations

from typing import Any, ClassVar

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.turns import TurnLookup
from bot.replies import Form, Say


class LastAnswer(Action):
    """`action_last_answer`: nothing is searched; where the conversation is about no answer, it asks which is meant."""

    _FORMS: ClassVar[dict[str, Form]] = {
        "explain": "explained",
        "ask_exceptions": "limits",
        "shorten": "short",
        "ask_source": "source",
    }

    def __init__(self, turns: TurnLookup) -> None:
        """`turns` finds the running turn."""
        self._turns = turns

    def name(self) -> str:
        """Rasa's contract."""
        return "action_last_answer"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[dict[str, Any]]:
        """Rasa's contract: say one thing, change nothing."""
        turn = self._turns.of(tracker.sender_id)
        if turn.last_topic is None or not turn.answers(turn.last_topic):
            dispatcher.utter_message(json_message=Say(say="smalltalk", message="nothing_yet"))
            return []
        say = Say(say="answer", topic=turn.last_topic, confidence=1.0)
        form = self._FORMS.get(str(tracker.get_intent_of_latest_message()))
        if form:
            say["form"] = form
        dispatcher.utter_message(json_message=say)
        return []


class NextSteps(Action):
    """`action_next_steps`: "what do I do now?"; nothing is searched."""

    def __init__(self, turns: TurnLookup) -> None:
        """`turns` finds the running turn."""
        self._turns = turns

    def name(self) -> str:
        """Rasa's contract."""
        return "action_next_steps"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[dict[str, Any]]:
        """Rasa's contract: say one thing, change nothing."""
        turn = self._turns.of(tracker.sender_id)
        say = Say(say="next_steps")
        if turn.last_topic and turn.answers(turn.last_topic):
            say["topic"] = turn.last_topic
        dispatcher.utter_message(json_message=say)
        return []
