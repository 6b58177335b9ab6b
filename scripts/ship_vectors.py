"""Makes bot/retrieval/shipped.vectors anew: the vectors of all that is learned from, by the encoder as it is now.

After `enlace tune`, and when a test says that too many texts have come that it doesn't know. Takes a few minutes.
"""

from __future__ import annotations

import functools
import sys
import tempfile
from pathlib import Path

from bot import training
from bot.content.library import load
from bot.encoder import encoder_name, for_training
from bot.retrieval import shipped
from bot.retrieval.cache import VectorCache, key_of
from bot.settings import Settings


def main() -> None:
    """Encode everything, and write it."""
    settings = Settings()
    queries, passages = training.learned_texts(settings, load(settings.data_dir))
    name = encoder_name(settings.encoder_model)
    encoder = functools.cache(lambda: for_training(settings.encoder_model))
    with tempfile.TemporaryDirectory() as folder:
        cache = VectorCache(Path(folder), name, encoder, coming_with=None)
        of_queries, of_passages = cache.queries(queries, _tell), cache.passages(passages)
    vectors = {key_of("query", text): vector for text, vector in zip(queries, of_queries, strict=True)}
    vectors |= {key_of("passage", text): vector for text, vector in zip(passages, of_passages, strict=True)}
    shipped.write(name, vectors)
    print(f"written: {shipped.PATH} ({len(vectors)} vectors, {shipped.PATH.stat().st_size / 1e6:.1f} MB)")


def _tell(done: int, total: int) -> None:
    print(f"{done} of {total} vectors", file=sys.stderr)


if __name__ == "__main__":
    main()
