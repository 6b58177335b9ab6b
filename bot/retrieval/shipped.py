"""The vectors of the texts in data/, which come with the project: to make them takes minutes, on some machines five.

A number takes four bits. What is learned from them is the same as from the encoder's own (docs/architecture.md), and
it is the same on every machine, since processors round differently.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from bot.encoder import Vectors, unit
from bot.retrieval import hashed

log = logging.getLogger(__name__)
PATH = Path(__file__).parent / "shipped.vectors"
_WIDEST = 2.8
"""How many standard deviations of a vector's numbers the levels reach: of 2.2 to 4 the nearest to the vectors."""
_HIGHEST = 7.5
_THEN = (
    "until it is back, vectors are made here, which takes minutes and gives others: "
    "run `git checkout bot/retrieval/shipped.vectors`, or `make vectors`"
)


def read(encoder_name: str, path: Path = PATH) -> dict[int, Vectors]:
    """By their keys, those that this encoder made; empty if the file is another's.

    Also if it isn't there or is damaged, which is logged.
    """
    if not path.exists():
        log.warning("there is no %s; %s", path.name, _THEN)
    stored = hashed.read(path, _THEN)
    if not stored or str(stored["encoder"]) != encoder_name:
        return {}
    levels = np.concatenate([stored["pairs"] & 15, stored["pairs"] >> 4], axis=1) - np.float32(_HIGHEST)
    vectors = unit(levels * stored["scales"][:, None].astype(np.float32) + stored["mean"])
    return dict(zip(stored["keys"].tolist(), vectors, strict=True))


def write(encoder_name: str, vectors: Mapping[int, Vectors], path: Path = PATH) -> None:
    """Keep these, by their keys."""
    keys = np.array(sorted(vectors), dtype=np.uint64)
    rows = np.stack([vectors[key] for key in keys.tolist()])
    mean = rows.mean(axis=0)
    centred = rows - mean
    scales = np.maximum(centred.std(axis=1) * (_WIDEST / _HIGHEST), 1e-4).astype(np.float16)
    levels = np.clip(np.round(centred / scales[:, None] + _HIGHEST), 0, 15).astype(np.uint8)
    low, high = np.split(levels, 2, axis=1)
    hashed.write(
        path,
        {
            "encoder": np.array(encoder_name),
            "keys": keys,
            "mean": mean,
            "scales": scales,
            "pairs": low | (high << 4),
        },
    )
