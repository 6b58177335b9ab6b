"""Notes that the resident wants a person."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from bot.replies import Say


class OfferHandoff(Action):
    """`action_offer_handoff`: the turn marks the conversation as waiting (bot/conversations/turn.py)."""

    def name(self) -> str:
        """Rasa's contract."""
        return "action_offer_handoff"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[dict[str, Any]]:
        """Rasa's contract: say one thing, change nothing."""
        dispatcher.utter_message(json_message=Say(say="handoff"))
        return []
