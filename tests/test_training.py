"""Guards what is learned from what: the encoder is tuned to all that search and the net learn, and to data/tuning."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from bot.content.library import load
from bot.settings import ROOT, Settings
from bot.training import delete_others, in_use, safety_examples, scarce, search_examples, tuning_examples, whole

LIBRARY = load(ROOT / "data")


def test_the_encoder_is_tuned_to_more_than_is_learned_later_and_nothing_stands_twice() -> None:
    learned, known = search_examples(Settings(), LIBRARY, []), safety_examples(Settings(), LIBRARY)
    search, danger, said, pairs = tuning_examples(Settings(), LIBRARY)
    for less, more in (
        (learned.outside, search.outside),
        (known.danger, danger.danger),
        (known.near_misses, danger.near_misses),
    ):
        added = set(more) - set(less)
        assert len(added) > 1000
        assert len(more) == len(less) + len(added)
    assert search.variants == learned.variants
    assert {"greet", "explain", "out_of_scope"} <= {intent for intent, _ in said}
    assert len({text for pair in pairs for text in pair}) == 2 * len(pairs)


def test_a_damaged_model_is_not_taken_for_one(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    model = tmp_path / "enlace.tar.gz"
    assert not whole(model)
    assert caplog.text == ""
    good = gzip.compress(bytes(range(256)) * 10_000)
    model.write_bytes(good)
    assert whole(model)
    middle = len(good) // 2
    for damaged in (good[:middle], good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1 :], b"", b"no model"):
        caplog.clear()
        model.write_bytes(damaged)
        assert not whole(model)
        assert "enlace.tar.gz is damaged" in caplog.text


def test_a_model_that_a_running_rasa_may_need_again_is_not_deleted(tmp_path: Path) -> None:
    old, used, new = (tmp_path / f"{name}.tar.gz" for name in ("old", "used", "new"))
    for path in (old, used, new):
        path.touch()
    with in_use(used):
        delete_others(new)
        assert sorted(tmp_path.iterdir()) == [new, used]
    delete_others(new)
    assert list(tmp_path.iterdir()) == [new]


@pytest.mark.parametrize(
    ("available", "limit", "warns"),
    [
        (14, None, None),
        (14, "max", None),
        (12.5, "max", "12.5 are"),
        (20, str(4 * 2**30), "4.0 are"),
        (2, None, "2.0 are"),
    ],
)
def test_too_little_memory_is_warned_of(tmp_path: Path, available: float, limit: str | None, warns: str | None) -> None:
    meminfo, most = tmp_path / "meminfo", tmp_path / "memory.max"
    meminfo.write_text(f"MemTotal: 99999999 kB\nMemAvailable:   {int(available * 2**20)} kB\n", encoding="ascii")
    if limit:
        most.write_text(f"{limit}\n", encoding="ascii")
    said = scarce(meminfo, most)
    assert said is None if warns is None else warns in str(said)
    assert scarce(tmp_path / "none", most) is None
