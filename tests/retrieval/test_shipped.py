"""Guards the vectors that come with the project: they are this encoder's, of what is learned now, and near its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from real_content import real

from bot.encoder import Encoder, encoder_name, unit
from bot.retrieval import shipped
from bot.retrieval.cache import VectorCache, key_of
from bot.settings import Settings
from bot.training import learned_texts


def test_what_is_kept_in_four_bits_is_near_what_it_was(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    cone = unit(chance.normal(size=384) + 0.5 * chance.normal(size=(200, 384)))
    vectors = dict(enumerate(cone, start=7))
    shipped.write("encoder", vectors, tmp_path / "file")
    kept = shipped.read("encoder", tmp_path / "file")
    assert kept.keys() == vectors.keys()
    rows = np.stack([kept[each] for each in vectors])
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    assert (rows * cone).sum(axis=1).min() > 0.995


def test_another_encoders_vectors_are_not_taken_nor_damaged_ones(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "file"
    assert shipped.read("encoder", path) == {}
    assert "there is no file; until it is back, vectors are made here" in caplog.text
    shipped.write("encoder", {1: unit(np.arange(384, dtype=np.float32))}, path)
    assert shipped.read("other", path) == {}
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    caplog.clear()
    assert shipped.read("encoder", path) == {}
    assert "file is damaged (the hash does not match); until it is back" in caplog.text
    assert "run `git checkout bot/retrieval/shipped.vectors`, or `make vectors`" in caplog.text
    assert "anew" not in caplog.text


def test_what_comes_with_the_project_is_not_made_again_and_goes_before_what_was_made(tmp_path: Path) -> None:
    class Ones:
        def queries(self, texts: list[str]) -> np.ndarray:
            asked.extend(texts)
            return np.full((len(texts), 4), 0.5, dtype=np.float32)

    asked: list[str] = []
    path = tmp_path / "coming"
    first = VectorCache(tmp_path, "encoder", Ones, coming_with=path)  # type: ignore[arg-type]
    first.queries(["hola", "adiós"])
    shipped.write(
        "encoder",
        {key_of("query", text): unit(np.eye(4, dtype=np.float32)[at]) for at, text in enumerate(("hola", "gracias"))},
        path,
    )
    cache = VectorCache(tmp_path, "encoder", Ones, coming_with=path)  # type: ignore[arg-type]
    vectors = cache.queries(["hola", "adiós", "gracias"])
    assert vectors.argmax(axis=1)[[0, 2]].tolist() == [0, 1]
    np.testing.assert_array_equal(vectors[1], [0.5] * 4)
    assert sorted(asked) == ["adiós", "hola"]


@pytest.mark.model
def test_they_are_of_this_encoder_and_of_nearly_all_that_is_learned() -> None:
    settings = Settings()
    kept = shipped.read(encoder_name(settings.encoder_model))
    assert kept, "bot/retrieval/shipped.vectors is of another encoder: run `make vectors`"
    queries, passages = learned_texts(settings, real())
    known = [text for text in queries if key_of("query", text) in kept]
    assert len(known) > 0.95 * len(queries), "many new texts: run `make vectors`, or a fresh clone trains for minutes"
    assert sum(key_of("passage", text) in kept for text in passages) > 0.8 * len(passages)
    some = known[:: len(known) // 60]
    cosines = (Encoder().queries(some) * np.stack([kept[key_of("query", text)] for text in some])).sum(axis=1)
    assert cosines.mean() > 0.994
    assert cosines.min() > 0.97
