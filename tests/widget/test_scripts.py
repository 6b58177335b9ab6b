"""Guards what old browsers get: one script, with no name that Chrome 90 or Safari 14 doesn't know."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.widget.assets import MODULES, SCRIPT, source
from bot.widget.web import HERE, STATIC

SCRIPTS = [*(STATIC / name for name in MODULES), HERE / "templates" / "widget.js"]
NEWER = re.compile(
    r"\.(?:at|findLast(?:Index)?|toSorted|toReversed|toSpliced|with|hasOwn|groupBy|requestSubmit|randomUUID|checkVisibility"
    r"|showModal|showPopover|isWellFormed|withResolvers|fromAsync)\("
    r"|\b(?:structuredClone|TextDecoderStream|WeakRef|CompressionStream)\b|AbortSignal\.|\bstatic \{"
)
"""Where it is at all, it came after them."""


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_nothing_is_newer_than_the_phones_of_2021(path: Path) -> None:
    assert NEWER.findall(path.read_text(encoding="utf-8")) == []


def test_the_list_finds_what_it_is_for() -> None:
    for newer in ("all.at(-1)", "messages.findLast((one) => one)", "form.requestSubmit()", "crypto.randomUUID()"):
        assert NEWER.search(newer), newer
    assert not NEWER.search("event.at; format(1); found.find(Boolean); new AbortController().signal")


def test_every_module_is_in_the_one_script_that_is_sent() -> None:
    assert set(MODULES) == {path.name for path in STATIC.glob("*.js")}
    assert not re.search(r"^(import|export)\b", source(SCRIPT), re.MULTILINE)
