"""Of a sentence vector is left what is said, not the language in which it is."""

from __future__ import annotations

import numpy as np

from bot.retrieval.meaning import Meaning

RANDOM = np.random.default_rng(0)


def test_what_is_said_is_as_near_in_another_language() -> None:
    said = RANDOM.normal(size=(40, 8)).astype(np.float32)
    shared, spanish = 5 * RANDOM.normal(size=8), 3 * RANDOM.normal(size=8)
    vectors = np.concatenate([said + shared, said + shared + spanish]).astype(np.float32)
    meaning = Meaning.fit(vectors, ["en"] * 40 + ["es"] * 40)
    assert meaning.languages.shape == (1, 8)
    english, spanish_too = meaning.of(vectors[:40]), meaning.of(vectors[40:])
    np.testing.assert_allclose(np.linalg.norm(english, axis=1), 1, rtol=1e-5)
    # Each is nearest to itself in the other language, though all vectors lie together and the languages apart.
    assert (english @ spanish_too.T).argmax(axis=1).tolist() == list(range(40))
    assert meaning.of(vectors[0]).shape == (8,)


def test_three_languages_differ_in_two_directions_and_one_in_none() -> None:
    vectors = RANDOM.normal(size=(9, 8)).astype(np.float32)
    assert Meaning.fit(vectors, ["en", "es", "pt"] * 3).languages.shape == (2, 8)
    alone = Meaning.fit(vectors, ["en"] * 9)
    assert alone.languages.shape == (0, 8)
    np.testing.assert_allclose(np.linalg.norm(alone.of(vectors), axis=1), 1, rtol=1e-5)
