"""Sentence vectors on disk, so that a text is encoded once for each model and never again."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from bot.encoder import Encodes, Vectors, as_read
from bot.retrieval import hashed, shipped

_BATCH = 64
_TELL_EVERY = 512
_WRITE_EVERY = 8192
"""Of texts: what is interrupted loses a minute's work."""
Progress = Callable[[int, int], None]
"""Told how many texts of how many are encoded."""


def file_name(encoder_name: str) -> str:
    """An encoder's name as part of a file name."""
    return "".join(char if char.isalnum() or char in "-." else "-" for char in encoder_name)


def key_of(kind: str, text: str) -> int:
    """A text's, 64 bits of a hash: `kind` is "query" or "passage", which are encoded differently."""
    text = as_read(text) if kind == "query" else text
    return int.from_bytes(hashlib.sha256(f"{kind}\0{text}".encode()).digest()[:8], "little")


def made_by(coming_with: Path | None = shipped.PATH) -> str:
    """A hash of what makes vectors beside the encoder's weights: the code, and the file of those that come along."""
    code = hashed.source(__name__, shipped.__name__, "bot.encoder", "bot.encoder.bert", "bot.encoder.packed")
    data = coming_with.read_bytes() if coming_with and coming_with.exists() else b""
    return f"{code}/{hashlib.sha256(data).hexdigest()}"


class VectorCache:
    """The vectors of one model."""

    def __init__(
        self, folder: Path, encoder_name: str, encoder: Callable[[], Encodes], coming_with: Path | None = shipped.PATH
    ) -> None:
        """`encoder` is called only if a text has to be encoded, and once: loading a model takes seconds.

        `coming_with`: the file of those that come with the project; None: all are made here.
        """
        self.path = folder / f"{file_name(encoder_name)}.encoded"
        self._encoder_name = encoder_name
        self._encoder = functools.cache(encoder)
        self._coming_with = coming_with

    @functools.cached_property
    def made_by(self) -> str:
        """A hash of what its vectors are made by, beside the encoder's weights."""
        return made_by(self._coming_with)

    @functools.cached_property
    def _shipped(self) -> dict[int, Vectors]:
        """By the hash of their texts, those that come with the project. They are the same for all, so they go first."""
        return shipped.read(self._encoder_name, self._coming_with) if self._coming_with else {}

    @functools.cached_property
    def _made(self) -> dict[int, Vectors]:
        """By the hash of their texts, those that were made here. A start that needs none, as most do, reads no file."""
        stored = hashed.read(self.path)
        return dict(zip(stored["keys"].tolist(), stored["vectors"], strict=True)) if stored else {}

    def _write(self) -> None:
        """Keep what was made here, and delete what other encoders made."""
        keys, vectors = np.array(list(self._made), dtype=np.uint64), np.stack(list(self._made.values()))
        hashed.write(self.path, {"keys": keys, "vectors": vectors})
        for old in self.path.parent.glob(f"*{self.path.suffix}"):
            if old != self.path:
                old.unlink(missing_ok=True)

    def queries(self, texts: Iterable[str], progress: Progress | None = None) -> Vectors:
        """Vectors of what residents write; shape (texts, dimensions)."""
        return self._get("query", list(texts), progress)

    def passages(self, texts: Iterable[str], progress: Progress | None = None) -> Vectors:
        """Vectors of published text; shape (texts, dimensions)."""
        return self._get("passage", list(texts), progress)

    def _get(self, kind: str, texts: list[str], progress: Progress | None) -> Vectors:
        keys = [key_of(kind, text) for text in texts]
        made, coming = self._made, self._shipped
        unknown = {key: text for key, text in zip(keys, texts, strict=True) if key not in coming and key not in made}
        # By length: a batch of like lengths wastes least on padding.
        missing = sorted(unknown.items(), key=lambda item: len(item[1]))
        if missing:
            encode = self._encoder().queries if kind == "query" else self._encoder().passages
            for start in range(0, len(missing), _BATCH):
                batch = missing[start : start + _BATCH]
                for (key, _), vector in zip(batch, encode([text for _, text in batch]), strict=True):
                    made[key] = vector
                done = min(start + _BATCH, len(missing))
                if progress and (done == len(missing) or done // _TELL_EVERY > start // _TELL_EVERY):
                    progress(done, len(missing))
                if done == len(missing) or done // _WRITE_EVERY > start // _WRITE_EVERY:
                    self._write()
        return np.stack([coming[key] if key in coming else made[key] for key in keys])
