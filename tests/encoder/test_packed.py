"""Guards the wheel's file: nothing in it changes but the tensors that are replaced, and another file is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bot.encoder import TUNED
from bot.encoder.packed import BUNDLED, Packed


def test_only_what_is_replaced_changes() -> None:
    original, packed = BUNDLED.read_bytes(), Packed()
    bias = packed.floats("l0.q.b")
    changed = packed.replaced({"l0.q.b": bias + 1})
    differs = np.flatnonzero(np.frombuffer(original, np.uint8) != np.frombuffer(changed, np.uint8))
    assert len(changed) == len(original)
    assert 0 < len(differs) <= bias.nbytes
    assert differs[-1] - differs[0] < bias.nbytes
    assert packed.replaced({"l0.q.b": bias}) == original


def test_of_packed_weights_the_bits_that_change_are_given() -> None:
    original, packed = BUNDLED.read_bytes(), Packed()
    changes = np.zeros_like(packed.pairs("l0.q.w", {}))
    changes[7, 3] = 0x21
    changed = packed.replaced({"l0.q.w": changes})
    (place,) = np.flatnonzero(np.frombuffer(original, np.uint8) != np.frombuffer(changed, np.uint8))
    assert changed[place] == original[place] ^ 0x21
    assert packed.pairs("l0.q.w", {"l0.q.w": changes})[7, 3] == changed[place]


@pytest.mark.parametrize("shape", [(16,), (1, 16)])
def test_changes_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"l0\.q\.w has pairs"):
        Packed().replaced({"l0.q.w": np.zeros(shape, dtype=np.uint8)})


@pytest.mark.parametrize(("name", "size", "error"), [("l0.q.b", 383, ValueError), ("l99.q.b", 384, KeyError)])
def test_what_does_not_fit_is_refused(name: str, size: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        Packed().replaced({name: np.zeros(size, dtype=np.float16)})


def test_what_was_tuned_fits_and_is_not_what_was_there() -> None:
    packed = Packed()
    with np.load(TUNED) as tensors:
        assert tensors.files
        weights = [name for name in tensors.files if tensors[name].dtype == np.uint8]
        floats = [name for name in tensors.files if name not in weights]
        assert all(tensors[name].shape == packed.pairs(name, {}).shape for name in weights)
        assert all(tensors[name].shape == packed.floats(name).shape for name in floats)
        assert all(np.isfinite(tensors[name]).all() for name in floats)
        assert any(tensors[name].any() for name in weights)
        assert any(not np.allclose(tensors[name], packed.floats(name), atol=1e-3) for name in floats)


def test_another_file_is_refused_with_the_remedy(tmp_path: Path) -> None:
    other = tmp_path / "other.bin"
    other.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(ValueError, match=r"other\.bin is not a packed model: run `make setup`"):
        Packed(other)
