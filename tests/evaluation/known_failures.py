"""The held-out questions that Enlace is known to get wrong: `known_failures.jsonl`, and how it is made.

`python tests/evaluation/known_failures.py` asks all held-out questions and lists those that are wrong by so much that
another processor's rounding doesn't make them right.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from bot.encoder import Encoder
from bot.evaluation.figures import FIGURES, expects_answer
from bot.evaluation.judging import right_decision
from bot.questions import Question, read_questions
from bot.replies import Reply
from bot.retrieval.index import Index
from bot.settings import ROOT

LIST = Path(__file__).with_suffix(".jsonl")
_SURELY_ANSWERED, _SURELY_DECLINED = 0.3, 0.07
"""Confidence; the decision answers from 0.15 (bot/retrieval/calibration.py)."""
_SURELY_FIRED = 0.3
"""By how much the net's score has to be above where it fires."""
_SURELY_FIRST = 0.1
"""By how much the score of the topic that is found has to be above that of any that is right."""


def right(question: Question, reply: Reply) -> bool:
    """Whether the reply is of the kind expected and, where an answer is, has the right citation first."""
    _, cites_right = FIGURES["right citation first"]
    return right_decision(question, reply) and (not expects_answer(question) or cites_right((question, reply)))


def row(question: Question) -> dict[str, Any]:
    """What tells a question from the others, and all that is asked."""
    return question.model_dump(include={"department", "language", "before", "text"})


def known() -> list[Question]:
    """The held-out questions of the list, in its order; raises KeyError."""
    questions = {json.dumps(row(each)): each for each in read_questions([ROOT / "tests" / "questions"])}
    return [
        questions[json.dumps(row(Question.model_validate({**json.loads(line), "expect": {"kind": "answer"}})))]
        for line in LIST.read_text(encoding="utf-8").splitlines()
    ]


def _scores(index: Index, encoder: Encoder, question: Question) -> dict[str, float]:
    found = index.search(question.department, question.text, encoder.queries([question.text])[0])
    return {match.topic: match.score for match in found.matches}


async def _wrong() -> list[Question]:
    from bot import training
    from bot.cli.ask import client, one
    from bot.content.library import load
    from bot.safety.net import FIRES_FROM
    from bot.safety.rules import SafetyRules
    from bot.settings import Settings

    settings, rules = Settings(), SafetyRules()
    encoder = Encoder(settings.encoder_model)
    library, cache = load(settings.data_dir), training.vector_cache(settings, lambda: encoder)
    index, net = training.index_and_net(settings, library, cache)
    wrong = []
    async with client(settings) as http:
        for question in read_questions([ROOT / "tests" / "questions"]):
            reply = Reply.model_validate(await one(http, row(question) | {"language": None}))
            if right(question, reply):
                continue
            if reply.kind == "emergency":
                score = net.score(question.text, encoder.queries([question.text])[0])
                flag = rules.check(question.text)
                sure = score >= FIRES_FROM + _SURELY_FIRED or bool(flag and flag.say == "self_harm")
            elif reply.kind == "answer":
                scores = {} if question.before else _scores(index, encoder, question)
                best = max((score for topic, score in scores.items() if topic in question.topics), default=-1.0)
                first = scores.get(str(reply.topic), -1.0)
                sure = (reply.confidence or 0) >= _SURELY_ANSWERED and first >= best + _SURELY_FIRST
            else:
                sure = reply.confidence is not None and reply.confidence <= _SURELY_DECLINED
            if sure:
                wrong.append(question)
    return wrong


if __name__ == "__main__":
    LIST.write_text(
        "".join(json.dumps(row(question), ensure_ascii=False) + "\n" for question in asyncio.run(_wrong())),
        encoding="utf-8",
    )
