"""Enlace's encoder over bare sentences: no question variants, no centring, nothing learned, no calibration."""

from __future__ import annotations

from collections.abc import Sequence

from bot import training
from bot.content.library import Library
from bot.encoder import Encoder
from bot.evaluation.peers import First
from bot.evaluation.peers.nearest import nearest
from bot.questions import Question
from bot.settings import Settings


def ask(library: Library, settings: Settings, questions: Sequence[Question]) -> list[First]:
    """The sentence of the highest cosine; vectors are kept on disk with those of training."""
    cache = training.vector_cache(settings, lambda: Encoder(settings.encoder_model, settings.encoder_threads))
    return nearest(library, questions, cache.passages, cache.queries)
