"""Changes the language when somebody asks for it in words."""

from __future__ import annotations

from functools import cache
from typing import Any

from babel import Locale
from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.turns import TurnLookup
from bot.content.check import plain
from bot.replies import Say

# How people call these languages beside their names, without accents.
_NAMES = {
    "en": ("inglish", "ingels"),
    "es": ("castellano", "spanis", "espaniol", "espanish", "latino"),
}


@cache
def _names(code: str, languages: tuple[str, ...]) -> frozenset[str]:
    """How the language `code` is called in each of `languages`, and in itself."""
    official = {Locale.parse(other).languages.get(code, "") for other in (code, *languages)}
    return frozenset({plain(name) for name in official if name} | set(_NAMES.get(code, ())))


class ChangeLanguage(Action):
    """`action_change_language`: to the language that is named, or else to the next one."""

    def __init__(self, turns: TurnLookup) -> None:
        """`turns` finds the running turn."""
        self._turns = turns

    def name(self) -> str:
        """Rasa's contract."""
        return "action_change_language"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[dict[str, Any]]:
        """Rasa's contract: say which language, and the last answer in it; the turn remembers the language."""
        turn = self._turns.of(tracker.sender_id)
        words = plain(turn.text).split()
        names = {code: _names(code, tuple(turn.languages)) & set(words) for code in turn.languages}
        named = [code for code in turn.languages if names[code]]
        # "No English, Spanish please": the last one named is the one that is wanted.
        named.sort(key=lambda code: max(words.index(name) for name in names[code]))
        others = [code for code in turn.languages if code != turn.language]
        language = named[-1] if named else others[0]
        dispatcher.utter_message(json_message=Say(say="language", language=language))
        if turn.last_topic and turn.answers(turn.last_topic):
            dispatcher.utter_message(json_message=Say(say="answer", topic=turn.last_topic, confidence=1.0))
        return []
