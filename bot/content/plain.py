"""Text without what people write or leave out as they like: what search, the rules and the checks compare."""

from __future__ import annotations

import re
import unicodedata
from itertools import filterfalse

from bot.content.documents import fold

_PUNCTUATION = re.compile(r"[^\w\s]")


def plain(text: str) -> str:
    """`text` without accents, case and punctuation."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    if not decomposed.isascii():
        decomposed = "".join(filterfalse(unicodedata.combining, decomposed))
    return fold(_PUNCTUATION.sub(" ", decomposed))
