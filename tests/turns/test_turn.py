"""Guards what a turn makes of a message that is read twice: by itself, and with the question before it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bot.retrieval.decision import Outcome
from bot.retrieval.index import Found
from bot.turns.turn import Turn

NOTHING = Found([], elsewhere=0.0, inside=0.0, outside=0.0)
VECTOR = np.zeros(2, dtype=np.float32)


def turn(alone: Outcome, together: Outcome | None) -> Turn:
    """A turn for which search says this, after an answer about "detainers"."""
    content: Any = SimpleNamespace(profile=SimpleNamespace(id="kent-wa"), answers={})
    index: Any = SimpleNamespace(search=lambda *asked: NOTHING)
    decision: Any = SimpleNamespace(decide=lambda *found: alone, decide_together=lambda *found: together)
    return Turn("?", "en", ["en"], content, index, decision, last_topic="detainers")


@pytest.mark.parametrize(("confidence", "goes_on"), [(0.9, False), (0.6, True), (0.1, True)])
def test_what_is_not_very_sure_by_itself_may_go_on(confidence: float, goes_on: bool) -> None:
    read = turn(Outcome("answer", ("detainers",), confidence), None)
    assert read.may_go_on(read.read(VECTOR)) is goes_on


@pytest.mark.parametrize(
    ("topic", "confidence", "sure"), [("detainers", 0.6, "detainers"), ("detainers", 0.2, None), ("booking", 0.6, None)]
)
def test_what_was_sure_by_itself_still_is_when_read_together(topic: str, confidence: float, sure: str | None) -> None:
    read = turn(Outcome("answer", (topic,), confidence), Outcome("answer", ("detainers",), 0.95))
    read.read_together(read.read(VECTOR), "? ?", VECTOR)
    assert read.outcome.confidence == 0.95
    assert read.sure_topic == sure
