"""The questions that the benchmarks ask: a fixed sample of the held-out ones."""

from __future__ import annotations

import random

from bot.questions import Question, read_questions
from bot.settings import ROOT


def sample(count: int) -> list[Question]:
    """`count` questions that have an answer, the same at every run, both languages and all departments."""
    questions = [each for each in read_questions([ROOT / "tests/questions"]) if each.expect.kind == "answer"]
    return random.Random(0).sample(questions, count)
