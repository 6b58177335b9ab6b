"""Changes the language when somebody asks for it in words."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.turns import TurnLookup
from bot.content.check import plain
from bot.replies import Say

# How people call the languages, in either, without accents.
_NAMES = {
    "en": ("english", "ingles", "inglish", "en ingles", "ingels"),
    "es": ("spanish", "espanol", "castellano", "spanis", "espaniol", "espanish", "latino"),
}


class ChangeLanguage(Action):
    """`action_change_language`: to the language that is named, or else to the next one."""

    def __init__(self, turns: TurnLookup) -> None:
        """`turns` finds the running turn."""
        self._turns = turns

    def name(self) -> str:
        """Rasa's contract."""
        return "action_change_language"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[dict[str, Any]]:
        """Rasa's contract: say which language; the turn remembers it."""
        turn = self._turns.of(tracker.sender_id)
        words = plain(turn.text).split()
        named = [code for code in turn.languages if any(name in words for name in _NAMES.get(code, ()))]
        # "No English, Spanish please": the last one named is the one that is wanted.
        named.sort(key=lambda code: max(words.index(name) for name in _NAMES[code] if name in words))
        others = [code for code in turn.languages if code != turn.language]
        language = named[-1] if named else others[0]
        dispatcher.utter_message(json_message=Say(say="language", language=language))
        return []
