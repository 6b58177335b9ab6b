"""Buttons that are typed: by their label, or by which of them it is ("1", "la primera")."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.content.plain import plain
from bot.replies import NO, NOW, YES, Choice

_NUMBERS = ("1 one uno", "2 two dos", "3 three tres", "4 four cuatro")
_ORDINALS = (
    "1st first primer primero primera",
    "2nd second segundo segunda",
    "3rd third tercer tercero tercera",
    "4th fourth cuarto cuarta",
)
_PLACE = {word: place for words in (_NUMBERS, _ORDINALS) for place, each in enumerate(words) for word in each.split()}
_ANY_ORDINAL = "|".join(" ".join(_ORDINALS).split())
# "Segundo" alone may as well be "just a second", and "primero" "first of all".
_WHICH = re.compile(
    rf"(?:(?:(?:the|la|el) )?(?:option|opcion|number|numero) )?({'|'.join(' '.join(_NUMBERS).split())})"
    rf"|(?:the|la|el) ({_ANY_ORDINAL})(?: (?:one|option|opcion))?"
    rf"|({_ANY_ORDINAL}) (?:one|option|opcion)"
)
_NOT_COUNTED = {NOW, YES, NO}
"""Whether somebody is in danger, say: "1" is no answer to that."""


def chosen(text: str, choices: Sequence[Choice]) -> str | None:
    """What that one of `choices` sends that `text` names, and says no more than that; or None."""
    said = plain(text)
    for choice in choices:
        if plain(choice.label) == said:
            return choice.send
    which = _WHICH.fullmatch(said)
    place = _PLACE[next(filter(None, which.groups()))] if which else len(choices)
    if place >= len(choices) or choices[place].send in _NOT_COUNTED:
        return None
    return choices[place].send
