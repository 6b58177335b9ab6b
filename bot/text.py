"""What is done to every text that a person writes before anything else sees it."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable
from typing import Any

from bot.errors import EmptyMessage, MessageTooLong
from bot.privacy import mask

SHORT = 200
"""Characters: to mask so many takes some milliseconds at most, even where they are nothing but numbers."""
# Kept among the control and format characters: line break, tab, and the joiners inside emoji and some scripts.
_KEPT = {"\n", "\t", "\u200c", "\u200d"}


async def beside(work: Callable[..., str], text: str, *args: Any) -> str:
    """What `work` makes of `text`; of a longer one on another thread, so that nobody else waits for it."""
    return work(text, *args) if len(text) <= SHORT else await asyncio.to_thread(work, text, *args)


def clean(text: str, limit: int) -> str:
    """What a resident wrote, tidied, identifiers masked; raises what `tidy` does."""
    return mask(tidy(text, limit))


def shortened(text: str, limit: int) -> str:
    """The beginning of `text`, at most `limit` characters: what is cut off is cut at a word, and "…" stands for it."""
    if len(text) <= limit:
        return text
    room = text[:limit]
    # A text of one long word, such as an address, is cut in it.
    end = max(place for place in (*(room.rfind(space) for space in " \n\t"), 0)) or limit - 1
    return room[:end].rstrip() + "…"


def line(text: str, limit: int) -> str:
    """`text` tidied, on one line; raises what `tidy` does."""
    return " ".join(tidy(text, limit).split())


def tidy(text: str, limit: int) -> str:
    """`text` without control and bidirectional characters.

    Raises EmptyMessage if nothing visible is left, MessageTooLong over `limit` characters.
    """
    # A form sends each line break as two characters, of which its field counts one.
    text = text.replace("\r\n", "\n")
    if len(text) > limit:
        raise MessageTooLong(limit=limit)
    text = unicodedata.normalize("NFC", text)
    kept = "".join(char for char in text if char in _KEPT or unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co"})
    kept = kept.strip()
    if not kept or all(unicodedata.category(char) in {"Cf", "Mn", "Zs"} for char in kept):
        raise EmptyMessage
    return kept
