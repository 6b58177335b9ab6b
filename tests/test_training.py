"""Guards what is learned from what: the encoder is tuned to all that search and the net learn, and to data/tuning."""

from __future__ import annotations

import gzip
import os
import shutil
import time
from pathlib import Path

import pytest
from real_content import real

from bot.content.library import Library
from bot.examples import asked, safety_examples, search_examples, tuning_examples
from bot.settings import ROOT, Settings
from bot.training import (
    _sweep,
    delete_others,
    fingerprint,
    in_use,
    learned_texts,
    near_questions,
    nlu_files,
    scarce,
    whole,
)

LIBRARY = real()


def test_the_encoder_is_tuned_to_more_than_is_learned_later_and_nothing_stands_twice() -> None:
    learned = search_examples(Settings(), LIBRARY, [])
    known = safety_examples(Settings(), LIBRARY, asked(Settings().data_dir, LIBRARY))
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


def test_the_net_does_not_learn_that_to_want_nobody_any_more_is_no_danger() -> None:
    known = safety_examples(Settings(), LIBRARY, [])
    assert "ya no quiero hablar con nadie" not in known.others
    assert "ya no quiero hablar con nadie" in search_examples(Settings(), LIBRARY, []).outside
    assert "hablar con una persona" in known.others


def test_a_department_that_is_taken_out_leaves_the_others_to_be_learned() -> None:
    without = {name: each for name, each in LIBRARY.departments.items() if name != "kent-wa"}
    fewer, data = Library(LIBRARY.languages, LIBRARY.topics, without, "fewer"), Settings().data_dir
    found, every = asked(data, fewer), asked(data, LIBRARY)
    assert [each for each in every if each.department != "kent-wa"] == found
    assert len(found) < len(every)
    queries, _ = learned_texts(Settings(), fewer)
    assert len(queries) > 10_000


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
    ("available", "limits", "warns"),
    [
        (14, {}, None),
        (14, {"a/b": ("max", 9)}, None),
        (12.5, {"a/b": ("max", 9)}, "12.5 are"),
        (20, {"a/b": (4, 0)}, "4.0 are"),
        (20, {"a/b": (16, 6)}, "10.0 are"),
        (20, {"a": (16, 4), "a/b": ("max", 9)}, "12.0 are"),
        (20, {"": (8, 1)}, "7.0 are"),
        (20, {"a/c": (4, 0)}, None),
        (2, {}, "2.0 are"),
    ],
)
def test_too_little_memory_is_warned_of(
    tmp_path: Path, available: float, limits: dict[str, tuple[float | str, float]], warns: str | None
) -> None:
    proc, cgroups = tmp_path / "proc", tmp_path / "cgroup"
    (proc / "self").mkdir(parents=True)
    (proc / "meminfo").write_text(
        f"MemTotal: 99999999 kB\nMemAvailable:   {int(available * 2**20)} kB\n", encoding="ascii"
    )
    (proc / "self/cgroup").write_text("0::/a/b\n", encoding="ascii")
    for name, (most, taken) in limits.items():
        (cgroups / name).mkdir(parents=True, exist_ok=True)
        text = most if isinstance(most, str) else str(int(most * 2**30))
        (cgroups / name / "memory.max").write_text(f"{text}\n", encoding="ascii")
        (cgroups / name / "memory.current").write_text(f"{int(taken * 2**30)}\n", encoding="ascii")
    said = scarce(proc, cgroups)
    assert said is None if warns is None else warns in str(said)
    assert scarce(tmp_path / "none", cgroups) is None


@pytest.mark.parametrize(
    "name",
    [
        "config.yml",
        "domain.yml",
        "requirements/rasa.txt",
        "bot/nlu/channel.py",
        "data/rules/*.yml",
        "data/nlu/en/greet.yml",
        "data/nlu/es/greet.yml",
    ],
)
def test_a_model_is_trained_anew_where_a_file_changes_that_it_is_made_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for each in ("config.yml", "domain.yml", "requirements/rasa.txt", "bot/nlu", "data/rules", "data/nlu"):
        (tmp_path / each).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (ROOT / each).is_dir() else shutil.copy)(ROOT / each, tmp_path / each)
    monkeypatch.setattr("bot.training.ROOT", tmp_path)
    settings = Settings(data_dir=tmp_path / "data")
    before = fingerprint(settings, LIBRARY)
    assert fingerprint(settings, LIBRARY) == before == fingerprint(Settings(), LIBRARY)
    path = next(tmp_path.glob(name))
    path.write_bytes(path.read_bytes() + b"\n")
    assert fingerprint(settings, LIBRARY) != before


def test_a_model_is_trained_anew_for_other_vectors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint(Settings(), LIBRARY)
    monkeypatch.setattr("bot.training.made_by", lambda: "others")
    assert fingerprint(Settings(), LIBRARY) != before


def test_what_a_training_that_was_cut_off_left_behind_is_deleted(tmp_path: Path) -> None:
    train, vectors = tmp_path / "train", tmp_path / "vectors"
    for path in (
        train / "enlace-a.tar.gz",
        train / "vectors.npz",
        vectors / "e.encoded.1.tmp",
        vectors / "e.encoded.2.tmp",
    ):
        path.parent.mkdir(exist_ok=True)
        path.touch()
    long_ago = time.time() - 7200
    os.utime(vectors / "e.encoded.1.tmp", (long_ago, long_ago))
    _sweep(train, vectors)
    assert sorted(path.name for path in tmp_path.glob("*/*")) == ["e.encoded.2.tmp", "vectors.npz"]


def test_a_model_is_trained_anew_for_other_variants_and_another_encoder() -> None:
    without = {name: each for name, each in LIBRARY.departments.items() if name != "kent-wa"}
    fewer = Library(LIBRARY.languages, LIBRARY.topics, without, "fewer")
    found = {fingerprint(Settings(), LIBRARY), fingerprint(Settings(), fewer)}
    assert len(found | {fingerprint(Settings(encoder_model="another/one"), LIBRARY)}) == 3


def test_rasa_reads_no_message_that_only_sounds_like_a_question_and_learns_all_of_them() -> None:
    folder = ROOT / "data/nlu"
    near = [folder / language / "out_of_scope_near.yml" for language in ("en", "es")]
    assert {*folder.glob("*/*.yml")} - {*nlu_files(ROOT / "data")} == {*near}
    lines = [line for path in near for line in path.read_text(encoding="utf-8").splitlines() if "      - " in line]
    assert sorted(f"      - {text}" for text in near_questions(ROOT / "data")) == sorted(lines)
