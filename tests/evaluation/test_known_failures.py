"""Each question that is known to get a wrong reply is expected to, strictly: once it is right, it leaves the list."""

from __future__ import annotations

import httpx
import pytest
from known_failures import known, right, row

from bot.cli.ask import one
from bot.questions import Question
from bot.replies import Reply


@pytest.mark.rasa
@pytest.mark.xfail(strict=True, raises=AssertionError, reason="known failure: tests/evaluation/known_failures.jsonl")
# Without names, so told by number: who reads a report to make Enlace better should not read what it is measured with.
@pytest.mark.parametrize("question", known())
async def test_a_question_known_to_fail_is_answered_right(client: httpx.AsyncClient, question: Question) -> None:
    assert right(question, Reply.model_validate(await one(client, row(question) | {"language": None})))
