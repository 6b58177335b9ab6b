"""The nearest published sentence by vectors: what the peers `dense` and `use` share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.content.library import Library
from bot.encoder import Vectors
from bot.evaluation.peers import First, passages
from bot.questions import Question

Encode = Callable[[Sequence[str]], Vectors]
"""Texts to unit vectors, shape (texts, dimensions)."""


def nearest(library: Library, questions: Sequence[Question], of_passages: Encode, of_questions: Encode) -> list[First]:
    """For each question its department's sentence of the highest cosine."""
    sentences = {name: passages(library.departments[name]) for name in {each.department for each in questions}}
    vectors = {name: of_passages([each.text for each in found]) for name, found in sentences.items()}
    firsts = []
    for question, vector in zip(questions, of_questions([each.text for each in questions]), strict=True):
        cosines = vectors[question.department] @ vector
        best = int(cosines.argmax())
        firsts.append(First(float(cosines[best]), sentences[question.department][best]))
    return firsts
