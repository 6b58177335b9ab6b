"""An answer that leaves out an exception of the policy is a defect that the check finds, for every real answer."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

import pytest
from real_content import real

from bot.content import check
from bot.content.documents import fold
from bot.content.models import Answer, Condition, ConditionElsewhere
from bot.content.yamlfile import Problem, YamlFile
from bot.settings import ROOT

DATA = ROOT / "data"
REAL = real()
LEFT_OUT = "cites a rule with an exception that it leaves out"


def problems_with(department: str, changed: Answer) -> list[Problem]:
    """What the check says of a department in which one answer is replaced."""
    content = REAL.departments[department]
    files = _files(department)
    # Without the question variants, whose comparison takes most of the check's time and has nothing to do with this.
    answers = {
        topic: answer.model_copy(update={"variants": {}})
        for topic, answer in {**content.answers, changed.topic: changed}.items()
    }
    folder = DATA / "faq" / department
    parts = check.Parts(folder, content.profile, None, content.documents, answers, files)
    found = check.answers(parts, REAL.topics, REAL.languages)
    return [problem for problem in found if LEFT_OUT in problem.message]


@functools.cache
def _files(department: str) -> dict[str, YamlFile]:
    return {topic: YamlFile.read(_path(department, topic)) for topic in REAL.departments[department].answers}


def _path(department: str, topic: str) -> Path:
    return DATA / "faq" / department / "answers" / f"{topic}.yml"


def _overlap(one: str, other: str) -> bool:
    """Whether one quote is, or contains, the other: enough to say that a citation is about it."""
    return fold(one) in fold(other) or fold(other) in fold(one)


def _limits(department: str, answer: Answer) -> Iterator[tuple[str, str]]:
    """Document and words of each exception that an answer has to carry, read off the documents' conditions."""
    for document in REAL.departments[department].documents.values():
        for condition in document.head.conditions:
            for ref in answer.citations:
                same = ref.document == document.id and fold(condition.rule) in document.sections[ref.section].text
                if same and _overlap(ref.quote, condition.rule):
                    yield from _exceptions(document.id, condition)


def _exceptions(document: str, condition: Condition) -> Iterator[tuple[str, str]]:
    for exception in condition.exceptions:
        elsewhere = isinstance(exception, ConditionElsewhere)
        yield (exception.document, exception.quote) if elsewhere else (document, str(exception))


def _needed() -> Iterator[object]:
    """Each exceptions entry of a real answer that alone carries an exception which the answer needs."""
    for department, content in REAL.departments.items():
        for topic, answer in content.answers.items():
            for index in range(len(answer.exceptions)):
                for document, words in _limits(department, answer):
                    carriers = [
                        number
                        for number, entry in enumerate(answer.exceptions)
                        if entry.citation.document == document and _overlap(entry.citation.quote, words)
                    ]
                    if carriers == [index]:
                        yield pytest.param(department, topic, index, id=f"{department}-{topic}-{index}")
                        break


def _with_exceptions() -> Iterator[object]:
    for department, content in REAL.departments.items():
        for topic, answer in content.answers.items():
            if any(_limits(department, answer)):
                yield pytest.param(department, topic, id=f"{department}-{topic}")


NEEDED, LIMITED = list(_needed()), list(_with_exceptions())


def test_the_real_policies_have_conditions_and_answers_that_fall_under_them() -> None:
    conditions = {
        department: sum(len(document.head.conditions) for document in content.documents.values())
        for department, content in REAL.departments.items()
    }
    assert all(conditions.values()), conditions
    assert len(NEEDED) >= 30
    assert len(LIMITED) >= 15


@pytest.mark.parametrize(("department", "topic"), LIMITED)
def test_an_answer_that_cites_a_rule_carries_each_of_its_exceptions(department: str, topic: str) -> None:
    answer = REAL.departments[department].answers[topic]
    assert problems_with(department, answer) == []
    for document, words in _limits(department, answer):
        assert any(
            entry.citation.document == document and _overlap(entry.citation.quote, words) for entry in answer.exceptions
        ), words


@pytest.mark.parametrize(("department", "topic"), LIMITED)
def test_an_answer_without_its_exceptions_is_refused(department: str, topic: str) -> None:
    answer = REAL.departments[department].answers[topic]
    found = problems_with(department, answer.model_copy(update={"exceptions": []}))
    assert len({problem.message for problem in found}) == len(set(_limits(department, answer)))
    assert {problem.path for problem in found} == {_path(department, topic)}


@pytest.mark.parametrize(("department", "topic", "index"), NEEDED)
def test_an_answer_without_one_of_its_exceptions_is_refused(department: str, topic: str, index: int) -> None:
    answer = REAL.departments[department].answers[topic]
    kept = [entry for number, entry in enumerate(answer.exceptions) if number != index]
    found = problems_with(department, answer.model_copy(update={"exceptions": kept}))
    assert found
    assert {problem.path for problem in found} == {_path(department, topic)}


def test_questions_after_an_arrest_are_limited_by_the_whole_policy() -> None:
    """They are permitted "only as provided by this policy": in six cases, and on booking for a crime."""
    answer = REAL.departments["kent-wa"].answers["booking-citizenship"]
    found = problems_with("kent-wa", answer.model_copy(update={"exceptions": answer.exceptions[:1]}))
    assert len(found) == 7
    kept = [entry for entry in answer.exceptions if entry.citation.section != "arrest"]
    (problem,) = problems_with("kent-wa", answer.model_copy(update={"exceptions": kept}))
    assert "“absent a lawful physical arrest and booking of such person for a crime”" in problem.message
