"""What is learned from what: the texts of data/ as search, the safety net, Rasa and the encoder's tuning learn them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from bot.content.documents import fold, validate
from bot.content.library import Library, Variant
from bot.content.models import Text
from bot.content.yamlfile import YamlFile
from bot.encoder import MAX_CHARS
from bot.questions import Question, read_questions
from bot.replies import REPORT_DANGER
from bot.retrieval.learning import Examples
from bot.safety.net import Examples as SafetyExamples
from bot.safety.net import read_examples
from bot.settings import Settings

_NEAR_TOPICS = frozenset({"faq", "guide_report", "ask_person", "ask_about_person", "change_language"})
"""Intents whose examples are close to a topic or need one; those of others are outside of every department's text."""

_MAY_BE_DESPAIR = frozenset({"no_person"})
"""Intents of which the safety net doesn't learn that they are no danger: "I don't want to talk to anybody any more"."""


def _lines(text: str) -> str:
    if any(line.strip() and not line.startswith("- ") for line in text.splitlines()):
        raise ValueError('each example is a line of its own that begins with "- "')
    return text


class _Intent(BaseModel):
    """An intent in data/nlu."""

    model_config = ConfigDict(extra="forbid")

    intent: Text
    examples: Annotated[str, AfterValidator(_lines)]


class _File(BaseModel):
    """The shape of a file in data/nlu, where `examples` are one text: `examples: |`."""

    model_config = ConfigDict(extra="forbid")

    version: Text = "3.1"
    nlu: list[_Intent]


def nlu_examples(data_dir: Path, files: str = "*") -> dict[str, list[tuple[str, str]]]:
    """The training examples of data/nlu by language: (intent, text); raises ContentError with file and line.

    `files`: the names that are read, without ".yml".
    """
    examples: dict[str, list[tuple[str, str]]] = {}
    for path in sorted((data_dir / "nlu").glob(f"*/{files}.yml")):
        for entry in validate(_File, YamlFile.read(path)).nlu:
            texts = [line.removeprefix("- ").strip() for line in entry.examples.splitlines() if line.strip()]
            examples.setdefault(path.parent.name, []).extend((entry.intent, text) for text in texts)
    return examples


def said(data_dir: Path, files: str = "*") -> list[tuple[str, str]]:
    """The same, whatever their language."""
    return [example for examples in nlu_examples(data_dir, files).values() for example in examples]


def variants(library: Library) -> dict[str, list[str]]:
    """Every question variant by language: the examples of the intent `faq`."""
    found: dict[str, list[str]] = {}
    for variant in library.variants():
        found.setdefault(variant.language, []).append(variant.text)
    return found


def by_language(data_dir: Path, library: Library) -> dict[str, list[str]]:
    """What residents write in each served language, as far as it is known: all variants, and the texts of data/nlu."""
    found = variants(library)
    for language, pairs in nlu_examples(data_dir).items():
        found.setdefault(language, []).extend(text for _, text in pairs)
    return {code: found.get(code, []) for code in library.languages}


def calibration_questions(data_dir: Path, library: Library) -> list[Question]:
    """The questions of data/calibration to departments of `library` that stand alone, and are put to search."""
    questions = _put_to(library, data_dir / "calibration")
    return [each for each in questions if each.expect.kind in {"answer", "no_answer"} and not each.before]


def follow_ups(data_dir: Path, library: Library) -> list[Question]:
    """The follow-ups of data/calibration to departments of `library`, each with the question before it."""
    return _put_to(library, data_dir / "calibration" / "follow_ups.jsonl")


def _put_to(library: Library, path: Path) -> list[Question]:
    # A department that has been taken out leaves its questions behind.
    return [question for question in read_questions([path]) if question.department in library.departments]


def asked(data_dir: Path, library: Library) -> list[Question]:
    """The questions of data/calibration that search and the safety net learn from: both of the above."""
    return [*calibration_questions(data_dir, library), *follow_ups(data_dir, library)]


def learned_text(question: Question) -> str:
    """A question of data/calibration as search learns it."""
    return fold(question.text[:MAX_CHARS])


def search_examples(settings: Settings, library: Library, questions: Sequence[Question]) -> Examples:
    """What search learns from: the variants, the examples of data/nlu, and `questions` of data/calibration.

    Of follow-ups it learns what those say by themselves that are about a topic, if they say anything.
    """
    variants = list(library.variants())
    outside = [
        text
        for pairs in nlu_examples(settings.data_dir).values()
        for intent, text in pairs
        if intent not in _NEAR_TOPICS
    ]
    elsewhere = []
    for question in questions:
        text = learned_text(question)
        topic = question.expect.topic or next(iter(question.expect.topics), None)
        if not question.alone:
            continue
        if topic in library.departments[question.department].answers:
            variants.append(Variant(question.department, topic, question.language, text))
        elif question.before:
            continue
        elif question.sort and question.sort != "other-department":
            outside.append(text)
        elif not question.topics:
            elsewhere.append(text)
    return Examples(variants, outside, elsewhere)


def safety_examples(settings: Settings, library: Library, questions: Sequence[Question]) -> SafetyExamples:
    """What the safety net learns from: data/safety, and everything else that is said, which is no danger.

    `questions` are those of data/calibration that it learns from.
    """
    # What to do in danger is asked in the very words of danger: those questions are left to the examples.
    harmless = [variant.text for variant in library.variants() if variant.topic != REPORT_DANGER]
    harmless += [learned_text(each) for each in questions if REPORT_DANGER not in each.topics]
    harmless += [text for intent, text in said(settings.data_dir) if intent not in _MAY_BE_DESPAIR]
    return read_examples(settings.data_dir / "safety", harmless)


def tuning_examples(
    settings: Settings, library: Library
) -> tuple[Examples, SafetyExamples, Sequence[tuple[str, str]], Sequence[tuple[str, str]]]:
    """What the encoder is tuned to: what search, the net and Rasa learn from but for data/calibration, and data/tuning.

    The last two are messages and their intents (intent, text), and the same message in one language and another.
    """
    questions = asked(settings.data_dir, library)
    search, danger = search_examples(settings, library, []), safety_examples(settings, library, questions)
    folder = settings.data_dir / "tuning"
    outside = [json.loads(line)["text"] for line in (folder / "outside.jsonl").read_text(encoding="utf-8").splitlines()]
    pairs = [json.loads(line) for line in (folder / "pairs.jsonl").read_text(encoding="utf-8").splitlines()]
    more = read_examples(folder, [])
    return (
        replace(search, outside=[*search.outside, *outside]),
        replace(danger, danger=[*danger.danger, *more.danger], near_misses=[*danger.near_misses, *more.near_misses]),
        said(settings.data_dir),
        [(pair["es"], pair["en"]) for pair in pairs],
    )
