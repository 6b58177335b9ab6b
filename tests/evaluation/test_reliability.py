"""The confidence beside what came of it, worked out by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.evaluation.figures import Share
from bot.evaluation.reliability import expected_calibration_error, reliability

if TYPE_CHECKING:
    from tests.evaluation.conftest import Ask


def test_error_and_bins(ask: Ask) -> None:
    pairs = [
        (ask.question("asking"), ask.reply(confidence=0.95)),  # right
        (ask.question("language"), ask.reply(confidence=0.91)),  # wrong
        (ask.question("language"), ask.reply("clarify", confidence=0.25, topics=["language", "asking"])),  # right
        (ask.question("asking"), ask.reply("clarify", confidence=0.25, topics=["language", "asking"])),  # wrong
        (ask.question(None, "no_answer"), ask.reply("no_answer", confidence=0.05)),  # wrong: nothing is right
    ]
    found = reliability(pairs)
    assert found
    assert [(each.low, each.right) for each in found.bins] == [
        (0.0, Share(0, 1)),
        (0.2, Share(1, 2)),
        (0.9, Share(1, 2)),
    ]
    assert [each.confidence for each in found.bins] == pytest.approx([0.05, 0.25, 0.93])
    assert found.error == pytest.approx((1 * 0.05 + 2 * 0.25 + 2 * 0.43) / 5)


def test_what_search_did_not_decide_does_not_count(ask: Ask) -> None:
    follow_up = ask.question(before=["what do you ask"])
    pairs = [
        (ask.question(), ask.reply("no_answer", message="elsewhere", confidence=1.0)),
        (follow_up, ask.reply(confidence=1.0, form="short")),
        (ask.question(), ask.reply("smalltalk", message="greet")),
    ]
    assert reliability(pairs) is None
    counted = reliability([*pairs, (follow_up, ask.reply())])
    assert counted
    assert counted.total == 1


def test_calibration_error_of_known_cases() -> None:
    assert expected_calibration_error([0.75] * 4, [True, True, True, False]) == pytest.approx(0)
    assert expected_calibration_error([0.95] * 4, [False] * 4) == pytest.approx(0.95)
