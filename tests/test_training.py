"""Guards what is learned from what: the encoder is tuned to all that search and the net learn, and to data/tuning."""

from __future__ import annotations

from real_content import real

from bot.settings import Settings
from bot.training import safety_examples, search_examples, tuning_examples

LIBRARY = real()


def test_the_encoder_is_tuned_to_more_than_is_learned_later_and_nothing_stands_twice() -> None:
    learned, known = search_examples(Settings(), LIBRARY, []), safety_examples(Settings(), LIBRARY)
    search, danger, said, pairs = tuning_examples(Settings(), LIBRARY)
    for less, more in (
        (learned.outside, search.outside),
        (known.danger, danger.danger),
        (known.near_misses, danger.near_misses),
    ):
        added = set(more) - set(less)
        assert len(added) > 1000
        assert len(more) == len(less) + len(added)
    assert search.variants == learned.variants
    assert {"greet", "explain", "out_of_scope"} <= {intent for intent, _ in said}
    assert len({text for pair in pairs for text in pair}) == 2 * len(pairs)
