"""Sentence vectors on disk, so that a text is encoded once for each model and never again."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from bot.encoder import Encodes, Vectors
from bot.retrieval import hashed

_BATCH = 64
_TELL_EVERY = 512
_WRITE_EVERY = 8192
"""Of texts: what is interrupted loses a minute's work."""
Progress = Callable[[int, int], None]
"""Told how many texts of how many are encoded."""


def file_name(encoder_name: str) -> str:
    """An encoder's name as part of a file name."""
    return "".join(char if char.isalnum() or char in "-." else "-" for char in encoder_name)


class VectorCache:
    """The vectors of one model."""

    def __init__(self, folder: Path, encoder_name: str, encoder: Callable[[], Encodes]) -> None:
        """`encoder` is called only if a text has to be encoded: loading a model takes seconds."""
        self.path = folder / f"{file_name(encoder_name)}.vectors"
        self._encoder = encoder

    @functools.cached_property
    def _vectors(self) -> dict[str, Vectors]:
        """By the hash of their texts. A start that needs none, as most do, doesn't read a file of 120 MB."""
        stored = hashed.read(self.path)
        return dict(zip(stored["keys"].tolist(), stored["vectors"], strict=True)) if stored else {}

    def _write(self) -> None:
        """Keep what there is, and delete what other encoders made."""
        hashed.write(
            self.path, {"keys": np.array(list(self._vectors)), "vectors": np.stack(list(self._vectors.values()))}
        )
        for old in self.path.parent.glob("*.vectors"):
            if old != self.path:
                old.unlink(missing_ok=True)

    def queries(self, texts: Iterable[str], progress: Progress | None = None) -> Vectors:
        """Vectors of what residents write; shape (texts, dimensions)."""
        return self._get("query", list(texts), progress)

    def passages(self, texts: Iterable[str], progress: Progress | None = None) -> Vectors:
        """Vectors of published text; shape (texts, dimensions)."""
        return self._get("passage", list(texts), progress)

    def _get(self, kind: str, texts: list[str], progress: Progress | None) -> Vectors:
        keys = [hashlib.sha256(f"{kind}\0{text}".encode()).hexdigest()[:32] for text in texts]
        unknown = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._vectors}
        # By length: a batch of like lengths wastes least on padding.
        missing = sorted(unknown.items(), key=lambda item: len(item[1]))
        if missing:
            encode = self._encoder().queries if kind == "query" else self._encoder().passages
            for start in range(0, len(missing), _BATCH):
                batch = missing[start : start + _BATCH]
                for (key, _), vector in zip(batch, encode([text for _, text in batch]), strict=True):
                    self._vectors[key] = vector
                done = min(start + _BATCH, len(missing))
                if progress and (done == len(missing) or done // _TELL_EVERY > start // _TELL_EVERY):
                    progress(done, len(missing))
                if done == len(missing) or done // _WRITE_EVERY > start // _WRITE_EVERY:
                    self._write()
        return np.stack([self._vectors[key] for key in keys])
