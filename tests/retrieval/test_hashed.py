"""Guards what is kept on disk: made once for what it is made from, and anew when the code that makes it changes."""

from __future__ import annotations

import importlib
import logging
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from bot.retrieval import hashed


def test_what_is_kept_is_made_once_for_what_it_is_made_from(tmp_path: Path) -> None:
    made: list[int] = []

    def make() -> dict[str, np.ndarray]:
        made.append(len(made))
        return {"number": np.array(made[-1])}

    numbers = [int(hashed.kept(tmp_path, "kind", texts, make)["number"]) for texts in (["a"], ["a"], ["a", "b"])]
    assert numbers == [0, 0, 1]
    assert len(list(tmp_path.glob("*.kind"))) == 1, "the old one is gone"


def test_of_two_that_want_the_same_at_once_one_makes_it(tmp_path: Path) -> None:
    waits, made, results = threading.Event(), [], []

    class Waiting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            waits.set()

    def make() -> dict[str, np.ndarray]:
        if not made:
            second.start()
        made.append(waits.wait(20))
        return {"numbers": np.arange(3)}

    def want() -> None:
        results.append(hashed.kept(tmp_path, "index", ["a"], make)["numbers"].tolist())

    second, handler = threading.Thread(target=want), Waiting()
    hashed.log.addHandler(handler)
    try:
        want()
        second.join()
    finally:
        hashed.log.removeHandler(handler)
    assert made == [True]  # and the other one did wait
    assert results == [[0, 1, 2]] * 2


def test_a_module_that_changes_has_another_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "made_by_this.py"
    file.write_text("ANSWER = 1\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "made_by_this", raising=False)
    name = importlib.import_module("made_by_this").__name__
    before = hashed.source(name, hashed.__name__)
    assert hashed.source(name, hashed.__name__) == before
    file.write_text("ANSWER = 2\n", encoding="utf-8")
    assert hashed.source(name, hashed.__name__) != before
    assert hashed.source(hashed.__name__, name) != hashed.source(name, hashed.__name__)


def test_a_module_that_is_not_loaded_is_read_and_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "not_loaded.py").write_text("ANSWER = 1\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert len(hashed.source("not_loaded")) == 64
    assert "not_loaded" not in sys.modules


def test_what_can_not_be_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, target: Path) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="full"):
        hashed.write(tmp_path / "a.index", {"a": np.arange(3)})
    assert list(tmp_path.iterdir()) == []


def test_what_a_write_that_was_cut_off_left_behind_goes(tmp_path: Path) -> None:
    for name in ("a.index.12.tmp", "a.net.12.tmp"):
        (tmp_path / name).touch()
    hashed.kept(tmp_path, "index", ["a"], lambda: {"a": np.arange(3)})
    assert [path.name for path in tmp_path.glob("*.tmp")] == ["a.net.12.tmp"]
