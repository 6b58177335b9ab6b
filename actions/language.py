"""Changes the language when somebody asks for it in words."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
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
_OTHERS = {
    *("mandarin", "farsi", "creole", "criollo", "kreyol", "panjabi", "brazilian", "brasileno", "filipino"),
    *(
        "mixteco",
        "mixtec",
        "mam",
        "qanjobal",
        "kanjobal",
        "kiche",
        "quiche",
        "zapoteco",
        "nahuatl",
        "triqui",
        "purepecha",
    ),
    *("garifuna", "maya", "otomi", "tzotzil", "tseltal", "tzeltal", "kaqchikel", "kekchi", "qeqchi", "ixil", "chuj"),
}
"""Languages that Babel doesn't name, or that people call otherwise."""
_NO_LANGUAGES = {"mul", "und", "zxx"}
"""What Babel has among them."""
_ANOTHER_WORD = {"ido", "meta"}
"""Names of languages that are Spanish words."""
_WORDS = 4
"""How many words a language's name may have."""
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


Name = tuple[str, ...]
"""A language's name, word by word."""


def wanted(text: str, languages: Sequence[str], current: str, written: str) -> str:
    """The one of `languages` that somebody who asks for a language wants, who so far is answered in `current`.

    The last that is named and not refused ("no English, Spanish please"; "why don't you speak Spanish?" refuses none,
    "why do you speak English?" does); of several that would do ("English or Spanish?") that in which it was `written`.
    Where one is only refused ("no hablo inglés"), another: that in which it was `written`, if it can be. Where none is
    named ("cambiar idioma"), that one too, or else another than the current one.
    """
    named = _named(text, languages)
    if named.asked:
        return written if written in named.asked[-1] else named.asked[-1][-1]
    if refused := named.refused:
        return next(code for code in (written, *languages) if code not in refused or refused.issuperset(languages))
    return written if written != current else next(code for code in languages if code != current)


def speaks_none(text: str, languages: Sequence[str], unserved: Collection[str] = ()) -> bool:
    """Whether all of `languages` are refused, or only others are named.

    "no hablo español ni inglés, hablo mam"; "do you speak Portuguese?". `unserved`: more names of other languages.
    """
    named = _named(text, languages, unserved)
    if named.asked:
        return False
    return named.refused.issuperset(languages) if named.refused else named.others


@dataclass
class _Named:
    """The languages that a message names."""

    asked: list[list[str]] = field(default_factory=list)
    """Those that somebody asks for, in order; together where one of them would do."""
    refused: set[str] = field(default_factory=set)
    others: bool = False
    """Whether it names one that isn't served."""


def _named(text: str, languages: Sequence[str], unserved: Collection[str] = ()) -> _Named:
    """Those of `languages` that somebody asks for, and those that they refuse."""
    found = _Named()
    served = {code: _names(code, tuple(languages)) for code in languages}
    others = _other_names(tuple(languages)) | {_words(name) for name in unserved}
    for clause in _CLAUSES.split(text):
        words = without_marks(clause).split()
        asks_why_not = _ASKS_WHY_NOT.search(" ".join(words))
        start, no, place = 0, False, 0
        while place < len(words):
            named, length = _at(words, place, served)
            found.others |= not named and any(tuple(words[place : place + some]) in others for some in _LENGTHS)
            if named:
                end = place + length
                before, after = words[max(start, place - _REACH) : place], words[end : end + 1]
                asks_why = _ASKS_WHY.search(" ".join(words[start:place]))
                joined = words[start:place] in _OR
                no = (joined and no) or bool(
                    not asks_why_not and (asks_why or _NOT.intersection(before) or _NONE.intersection(after))
                )
                if no:
                    found.refused.update(named)
                elif joined and found.asked:
                    found.asked[-1].extend(named)
                else:
                    found.asked.append(named)
                start = end
            place += length
    return found


_LENGTHS = range(1, _WORDS + 1)


def _at(words: Sequence[str], place: int, served: dict[str, frozenset[Name]]) -> tuple[list[str], int]:
    """The languages that the words from `place` on name, by the longest name, and how many words it has, 1 if none."""
    for length in reversed(_LENGTHS):
        named = [code for code, names in served.items() if tuple(words[place : place + length]) in names]
        if named:
            return named, length
    return [], 1


def _words(name: str) -> Name:
    return tuple(plain(name).split())


@cache
def _names(code: str, languages: tuple[str, ...]) -> frozenset[Name]:
    """How the language `code` is called in each of `languages`, and in itself."""
    official = {Locale.parse(other).languages.get(code, "") for other in (code, *languages)}
    return frozenset(_words(name) for name in (*official, *_NAMES.get(code, ())) if name)


@cache
def _other_names(languages: tuple[str, ...]) -> frozenset[Name]:
    """How all others are called in each of `languages`."""
    named = {
        _words(name)
        for language in languages
        for code, name in Locale.parse(language).languages.items()
        if code.split("_")[0] not in languages and code not in _NO_LANGUAGES
    }
    own = {name for code in languages for name in _names(code, languages)}
    return frozenset((named | {(name,) for name in _OTHERS}) - own - {(word,) for word in _ANOTHER_WORD})


class ChangeLanguage(Action):
    """`action_change_language`: to the language that is named, or else to the next one; who speaks none of those that
    are served, or asks for another, is told which these are.
    """

    def __init__(self, turns: TurnLookup, unserved: Collection[str] = ()) -> None:
        """`turns` finds the running turn; `unserved`: how languages that aren't served are called in themselves."""
        self._turns = turns
        self._unserved = unserved

    def name(self) -> str:
        """Rasa's contract."""
        return "action_change_language"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[dict[str, Any]]:
        """Rasa's contract: say which language, and the last answer in it; the turn remembers the language."""
        turn = self._turns.of(tracker.sender_id)
        if speaks_none(turn.text, turn.languages, self._unserved):
            dispatcher.utter_message(json_message=Say(say="smalltalk", message="languages"))
            return []
        language = wanted(turn.text, turn.languages, turn.before, turn.language)
        dispatcher.utter_message(json_message=Say(say="language", language=language))
        if turn.last_topic and turn.answers(turn.last_topic):
            dispatcher.utter_message(json_message=Say(say="answer", topic=turn.last_topic, confidence=1.0))
        return []
