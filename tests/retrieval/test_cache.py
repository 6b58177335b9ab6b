"""Guards the vectors on disk: kept while they are made, and those of one encoder alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from bot.encoder import Vectors
from bot.retrieval import cache as module
from bot.retrieval.cache import VectorCache


class Lengths:
    """Encodes a text as its length, and breaks at one that is too long."""

    def __init__(self, longest: int) -> None:
        self.longest = longest
        self.asked: list[str] = []

    def queries(self, texts: Sequence[str]) -> Vectors:
        """See `Encodes`."""
        if max(map(len, texts)) > self.longest:
            raise KeyboardInterrupt
        self.asked += texts
        return np.array([[len(text)] for text in texts], dtype=np.float32)

    passages = queries


def test_what_was_made_before_an_interruption_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BATCH", 2)
    monkeypatch.setattr(module, "_WRITE_EVERY", 4)
    texts = ["x" * length for length in range(1, 11)]
    interrupted, after = Lengths(7), Lengths(10)
    with pytest.raises(KeyboardInterrupt):
        VectorCache(tmp_path, "encoder", lambda: interrupted).queries(texts)
    vectors = VectorCache(tmp_path, "encoder", lambda: after).queries(texts)
    assert vectors[:, 0].tolist() == [float(length) for length in range(1, 11)]
    assert after.asked == texts[4:]


def test_vectors_of_other_encoders_go_when_new_ones_come(tmp_path: Path) -> None:
    for name in ("old", "new"):
        VectorCache(tmp_path, name, lambda: Lengths(9)).queries(["x"])
    assert [path.name for path in tmp_path.iterdir()] == ["new.encoded"]
    VectorCache(tmp_path, "new", lambda: pytest.fail("there is nothing to encode")).queries(["x"])


def test_the_encoder_is_loaded_once(tmp_path: Path) -> None:
    loaded: list[Lengths] = []

    def load() -> Lengths:
        loaded.append(Lengths(9))
        return loaded[-1]

    cache = VectorCache(tmp_path, "encoder", load, coming_with=None)
    for text in ("a", "b"):
        cache.queries([text])
    cache.passages(["c"])
    assert [each.asked for each in loaded] == [["a", "b", "c"]]


def test_other_vectors_that_come_along_are_another_thing_to_learn_from(tmp_path: Path) -> None:
    def made_by() -> str:
        return VectorCache(tmp_path, "encoder", lambda: Lengths(9), coming_with=tmp_path / "coming").made_by

    none = made_by()
    assert made_by() == none
    (tmp_path / "coming").write_bytes(b"one")
    one = made_by()
    (tmp_path / "coming").write_bytes(b"other")
    assert len({none, one, made_by()}) == 3


@pytest.mark.parametrize("changed", ["cache.py", "shipped.py", "__init__.py", "bert.py", "packed.py"])
def test_other_code_that_makes_vectors_is_another_thing_to_learn_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    before, read = module.made_by(None), Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda self: read(self) + (b"#" if self.name == changed else b""))
    assert module.made_by(None) != before
