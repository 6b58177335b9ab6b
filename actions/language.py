"""Changes the language when somebody asks for it in words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from babel import Locale
from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.turns import TurnLookup
from bot.content.plain import plain
from bot.elsewhere import without_marks
from bot.replies import Say

# How people call these languages beside their names, without accents.
_NAMES = {
    "en": ("inglish", "ingels"),
    "es": ("castellano", "spanis", "espaniol", "espanish", "latino"),
}
_NOT = {
    *("no", "not", "dont", "cant", "cannot", "doesnt", "never", "without", "little", "hardly", "stop", "quit"),
    *("ni", "nunca", "sin", "nada", "poco", "apenas", "deje", "dejen", "deja", "dejar"),
}
_NONE = {"cero", "nada", "poco", "poquito", "zero"}
"""After a language's name: "inglés cero"."""
_OR = [["or"], ["nor"], ["o"]]
"""Between two languages' names, of which the second is refused as the first is."""
_WHY = r"\b(?:why|how come|por ?que)\b"
_ASKS_WHY = re.compile(_WHY)
"""Before a language's name: why it is spoken, which is to refuse it."""
_ASKS_WHY_NOT = re.compile(
    rf"{_WHY}(?!.*\b(?:hablo|entiendo|leo|comprendo)\b).*\b(?:no|not|dont|cant|cannot|doesnt|isnt|arent|wont)\b"
    r"|\b(?:(?:cant|dont|cannot|can not|do not) (?:you|u|yall|ustedes)"
    r"|no (?:puedes|pueden|podrias|podrian|hablas|contestas|respondes))\b"
)
"""In a clause that wants to know why a language isn't spoken, or whether it can't be."""
_REACH = 4
"""How many words before a language's name a "no" may stand."""
_CLAUSES = re.compile(r"[,.;:!?¡¿\n]+")


def wanted(text: str, languages: Sequence[str], current: str, written: str) -> str:
    """The one of `languages` that somebody who asks for a language wants, who so far is answered in `current`.

    The last that is named and not refused ("no English, Spanish please"; "why don't you speak Spanish?" refuses none,
    "why do you speak English?" does). Where one is only refused ("no hablo inglés"), another: that in which it was
    `written`, if it can be. Where none is named ("cambiar idioma"), that one too, or else another than the current one.
    """
    asked, refused = _named(text, languages)
    if asked:
        return asked[-1]
    if refused:
        return next(code for code in (written, *languages) if code not in refused or refused.issuperset(languages))
    return written if written != current else next(code for code in languages if code != current)


def speaks_none(text: str, languages: Sequence[str]) -> bool:
    """Whether all of `languages` are refused: "no hablo español ni inglés, hablo mam"."""
    asked, refused = _named(text, languages)
    return not asked and refused.issuperset(languages)


def _named(text: str, languages: Sequence[str]) -> tuple[list[str], set[str]]:
    """Those of `languages` that somebody asks for, in order, and those that they refuse."""
    asked: list[str] = []
    refused: set[str] = set()
    for clause in _CLAUSES.split(text):
        words = without_marks(clause).split()
        asks_why_not = _ASKS_WHY_NOT.search(" ".join(words))
        start, no = 0, False
        for place, word in enumerate(words):
            named = [code for code in languages if word in _names(code, tuple(languages))]
            if named:
                before, after = words[max(start, place - _REACH) : place], words[place + 1 : place + 2]
                asks_why = _ASKS_WHY.search(" ".join(words[start:place]))
                goes_on = no and words[start:place] in _OR
                no = goes_on or bool(
                    not asks_why_not and (asks_why or _NOT.intersection(before) or _NONE.intersection(after))
                )
                refused.update(named) if no else asked.extend(named)
                start = place + 1
    return asked, refused


@cache
def _names(code: str, languages: tuple[str, ...]) -> frozenset[str]:
    """How the language `code` is called in each of `languages`, and in itself."""
    official = {Locale.parse(other).languages.get(code, "") for other in (code, *languages)}
    return frozenset({plain(name) for name in official if name} | set(_NAMES.get(code, ())))


class ChangeLanguage(Action):
    """`action_change_language`: to the language that is named, or else to the next one; who speaks none of those that
    are served is told which these are.
    """

    def __init__(self, turns: TurnLookup) -> None:
        """`turns` finds the running turn."""
        self._turns = turns

    def name(self) -> str:
        """Rasa's contract."""
        return "action_change_language"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[dict[str, Any]]:
        """Rasa's contract: say which language, and the last answer in it; the turn remembers the language."""
        turn = self._turns.of(tracker.sender_id)
        if speaks_none(turn.text, turn.languages):
            dispatcher.utter_message(json_message=Say(say="smalltalk", message="languages"))
            return []
        language = wanted(turn.text, turn.languages, turn.before, turn.language)
        dispatcher.utter_message(json_message=Say(say="language", language=language))
        if turn.last_topic and turn.answers(turn.last_topic):
            dispatcher.utter_message(json_message=Say(say="answer", topic=turn.last_topic, confidence=1.0))
        return []
