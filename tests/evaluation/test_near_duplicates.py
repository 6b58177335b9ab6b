"""Nothing that is learned nearly repeats a held-out question, or a phrase of danger or none that is held out."""

from __future__ import annotations

import json

from near_duplicates import near_duplicates
from real_content import real

from bot.examples import asked, tuning_examples
from bot.questions import read_questions
from bot.settings import ROOT, Settings


def test_nothing_that_is_learned_nearly_repeats_what_is_held_out() -> None:
    library = real()
    search, danger, said, pairs = tuning_examples(Settings(), library)
    texts = [*(variant.text for variant in search.variants), *search.outside]
    texts += [text for _, text in said] + [text for pair in pairs for text in pair]
    texts += [question.text for question in asked(ROOT / "data", library)]
    texts += [*(text for text, _ in danger.danger), *danger.near_misses]
    held_out = [question.text for question in read_questions([ROOT / "tests" / "questions"])]
    for path in sorted((ROOT / "tests" / "safety" / "phrases").glob("*.jsonl")):
        held_out += [json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines()]
    repeats = near_duplicates(texts, held_out)
    assert not repeats, "\n".join(f"{repeat.alike} {repeat.text!r} repeats {repeat.question!r}" for repeat in repeats)


def test_a_few_letters_more_are_still_a_repeat_and_another_question_is_not() -> None:
    texts = ["can the police ask me for my papers", "how do i report a robbery", "who is the chief of police"]
    questions = ["can the police ask me for my paperz?", "did they catch the robbers of last year", "the chief"]
    assert [repeat.question for repeat in near_duplicates(texts, questions)] == ["can the police ask me for my paperz?"]
