"""Questions with what is expected of their answers: one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.content.documents import fold
from bot.content.yamlfile import ContentError, Problem, read_text
from bot.replies import Kind


class Expectation(BaseModel):
    """What the reply to a question should be."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    topic: str | None = None
    topics: list[str] = []
    """Where more than one topic serves equally well."""
    quote: list[str] = []
    """The first citation should contain one of these."""


class Question(BaseModel):
    """One row."""

    model_config = ConfigDict(extra="ignore")

    department: str
    language: str
    text: str
    expect: Expectation
    before: list[str] = []
    """What the resident wrote earlier in the same conversation."""
    alone: bool = True
    """Whether it says by itself what it is about; "and my cousin?" doesn't, and search doesn't learn it."""
    pair: int | None = None
    """The same question in another language has the same number."""
    sort: str | None = None
    """Of a question outside the texts: what sort it is."""

    @property
    def topics(self) -> set[str]:
        """The topics that serve."""
        return {*self.expect.topics, *([self.expect.topic] if self.expect.topic else [])}


class QuestionError(ContentError):
    """Lines that aren't questions; the message has file and line of each."""


def read_questions(paths: Iterable[Path]) -> list[Question]:
    """The questions of these files, and of the .jsonl files below these folders; raises QuestionError."""
    questions: list[Question] = []
    problems: list[Problem] = []
    for path in paths:
        for file in sorted(path.rglob("*.jsonl")) if path.is_dir() else [path]:
            try:
                text = read_text(file)
            except ContentError as error:
                problems += error.problems
                continue
            for number, line in enumerate(text.split("\n"), start=1):
                if line.strip():
                    try:
                        questions.append(_question(json.loads(line)))
                    except ValidationError as error:
                        wrong = (f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
                        problems.append(Problem(file, number, "; ".join(wrong)))
                    except ValueError as error:
                        problems.append(Problem(file, number, f"not a question as JSON: {error}"))
    if problems:
        raise QuestionError(problems)
    return questions


def _question(row: Any) -> Question:
    if not isinstance(row, dict):
        raise ValueError("it is no object")
    if isinstance(row.get("topics"), list) and isinstance(row.get("expect"), dict):
        row["expect"].setdefault("topics", row["topics"])
    return Question.model_validate(row)


def has_words(question: Question, quote: str) -> bool:
    """Whether `quote` has one of the quotes expected."""
    return any(fold(expected) in fold(quote) for expected in question.expect.quote)
