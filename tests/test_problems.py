"""Guards what the log says of an error: its kind and its place, and nothing of what somebody wrote."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bot.privacy import mask
from bot.problems import kind_and_place
from bot.secrets import Secrets
from bot.settings import ROOT


def test_an_error_of_a_library_is_told_by_where_it_was_and_what_of_ours_led_there() -> None:
    with pytest.raises(AttributeError) as raised:
        Secrets("k" * 32).encrypt(None)  # type: ignore[arg-type]
    said = kind_and_place(raised.value)
    assert re.fullmatch(r"AttributeError at bot/secrets\.py:\d+", said)
    with pytest.raises(TypeError) as raised_by_library:
        mask(12)  # type: ignore[arg-type]
    said = kind_and_place(raised_by_library.value)
    assert re.match(r"TypeError at bot/privacy\.py:\d+", said)


def test_an_error_says_nothing_of_what_it_was_about() -> None:
    with pytest.raises(json.JSONDecodeError) as raised:
        json.loads("me llamo Flor")
    said = kind_and_place(raised.value)
    assert re.fullmatch(r"JSONDecodeError at \S+decoder\.py:\d+", said)


def test_an_error_that_was_never_raised_has_no_place() -> None:
    assert kind_and_place(ValueError("me llamo Flor")) == "ValueError"


# The processes of Rasa import nothing of ours.
LOGGING = [path for path in sorted((ROOT / "bot").rglob("*.py")) if path.parent.name != "nlu"]


KIND_ALONE = r"log\.\w+\([^\n]*(?:\n[^\n]+){0,2}?type\(error\)\.__name__\)\n"


@pytest.mark.parametrize("path", LOGGING, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_log_says_the_kind_alone(path: Path) -> None:
    code = path.read_text(encoding="utf-8")
    assert re.findall(KIND_ALONE, code) == []
