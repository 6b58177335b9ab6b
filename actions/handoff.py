"""A person is offered, and the conversation handed over once the resident agrees."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from bot.replies import CONNECT_WHOLE, Say


class OfferHandoff(Action):
    """`action_offer_handoff`: says who would read what, and asks; the turn fills that in (bot/handoffs/desk.py)."""

    def name(self) -> str:
        """Rasa's contract."""
        return "action_offer_handoff"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[dict[str, Any]]:
        """Rasa's contract: say one thing, change nothing."""
        dispatcher.utter_message(json_message=Say(say="handoff"))
        return []


class Connect(Action):
    """`action_connect`: the resident agreed by a button; the turn puts the conversation into the queue."""

    def name(self) -> str:
        """Rasa's contract."""
        return "action_connect"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[dict[str, Any]]:
        """Rasa's contract: say one thing, change nothing."""
        whole_chat = f"/{tracker.get_intent_of_latest_message()}" == CONNECT_WHOLE
        dispatcher.utter_message(json_message=Say(say="connect", whole_chat=whole_chat))
        return []
