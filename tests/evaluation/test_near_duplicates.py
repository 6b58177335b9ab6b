"""No variant and no training example nearly repeats a held-out question."""

from __future__ import annotations

from bot.content.library import load
from bot.evaluation.near_duplicates import near_duplicates
from bot.evaluation.questions import read_questions
from bot.settings import ROOT
from bot.training import asked, nlu_examples, variants


def test_no_training_text_nearly_repeats_a_held_out_question() -> None:
    texts = [text for each in variants(load(ROOT / "data")).values() for text in each]
    texts += [text for pairs in nlu_examples(ROOT / "data").values() for _, text in pairs]
    texts += [question.text for question in asked(ROOT / "data")]
    questions = [question.text for question in read_questions([ROOT / "tests" / "questions"]) if not question.before]
    repeats = near_duplicates(texts, questions)
    assert not repeats, "\n".join(f"{repeat.alike} {repeat.text!r} repeats {repeat.question!r}" for repeat in repeats)


def test_a_few_letters_more_are_still_a_repeat_and_another_question_is_not() -> None:
    texts = ["can the police ask me for my papers", "how do i report a robbery", "who is the chief of police"]
    questions = ["can the police ask me for my paperz?", "did they catch the robbers of last year", "the chief"]
    assert [repeat.question for repeat in near_duplicates(texts, questions)] == ["can the police ask me for my paperz?"]
