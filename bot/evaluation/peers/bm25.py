"""BM25 over a department's published sentences: words in common, and nothing else.

The texts are in English: a question in Spanish shares hardly a word with them, and that is part of the comparison.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import bm25s  # type: ignore[import-untyped]
import numpy as np

from bot.content.library import Library
from bot.content.plain import plain
from bot.evaluation.peers import First, passages
from bot.questions import Question
from bot.settings import Settings

logging.getLogger("bm25s").setLevel(logging.WARNING)  # it sets DEBUG itself


class Ranking:
    """BM25 over some texts."""

    def __init__(self, texts: Sequence[str]) -> None:
        """`texts` with at least one word among them; compared without case and accents, English stop words left out."""
        self._model = bm25s.BM25()
        self._model.index(_tokens(texts), show_progress=False)

    def best(self, question: str) -> tuple[int, float] | None:
        """Index and score of the best text; None where none has a word of the question."""
        tokens = [token for token in _tokens([question])[0] if token in self._model.vocab_dict]
        if not tokens:
            return None
        scores = self._model.get_scores(tokens)
        best = int(np.argmax(scores))
        return best, float(scores[best])


def _tokens(texts: Sequence[str]) -> list[list[str]]:
    folded = [plain(text) for text in texts]
    tokens: list[list[str]] = bm25s.tokenize(folded, stopwords="en", return_ids=False, show_progress=False)
    return tokens


def ask(library: Library, settings: Settings, questions: Sequence[Question]) -> list[First]:
    """The sentence of the highest score."""
    sentences = {name: passages(library.departments[name]) for name in {each.department for each in questions}}
    rankings = {name: Ranking([each.text for each in found]) for name, found in sentences.items()}
    firsts = []
    for question in questions:
        found = rankings[question.department].best(question.text)
        firsts.append(First(found[1], sentences[question.department][found[0]]) if found else First(0.0, None))
    return firsts
