"""Enlace's encoder over bare sentences: no question variants, no centring, nothing learned, no calibration."""

from __future__ import annotations

from collections.abc import Sequence

from bot.content.library import Library
from bot.encoder import Encoder, encoder_name
from bot.evaluation.peers import First
from bot.evaluation.peers.nearest import nearest
from bot.questions import Question
from bot.retrieval.cache import VectorCache
from bot.settings import Settings


def ask(library: Library, settings: Settings, questions: Sequence[Question]) -> list[First]:
    """The sentence of the highest cosine; vectors are kept on disk.

    All are the encoder's own: those that come with the project are of some sentences, and rounded.
    """
    name, folder = encoder_name(settings.encoder_model), settings.cache_dir / "peers" / "dense"
    cache = VectorCache(
        folder, name, lambda: Encoder(settings.encoder_model, settings.encoder_threads), coming_with=None
    )
    return nearest(library, questions, cache.passages, cache.queries)
