"""Guards what is learned from what: the encoder is tuned to all that search and the net learn, and to data/tuning."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from real_content import real

from bot.content.library import Library
from bot.settings import ROOT, Settings
from bot.training import fingerprint, safety_examples, search_examples, tuning_examples

LIBRARY = real()


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


def test_a_model_is_trained_anew_for_other_variants_and_another_encoder() -> None:
    without = {name: each for name, each in LIBRARY.departments.items() if name != "kent-wa"}
    fewer = Library(LIBRARY.languages, LIBRARY.topics, without, "fewer")
    found = {fingerprint(Settings(), LIBRARY), fingerprint(Settings(), fewer)}
    assert len(found | {fingerprint(Settings(encoder_model="another/one"), LIBRARY)}) == 3
