"""Whether a reply is what a question expects."""

from __future__ import annotations

from bot.questions import Question, has_words
from bot.replies import REACH_LIAISON, REPORT_DANGER, Reply


def right_citation(question: Question, reply: Reply) -> bool:
    """Whether the reply is on the right topic, or on another whose first citation has the words expected."""
    if reply.topic in question.topics:
        return True
    return cites_quote(question, reply)


def cites_quote(question: Question, reply: Reply) -> bool:
    """Whether the reply's first citation has one of the quotes expected."""
    return bool(reply.citations) and has_words(question, reply.citations[0].quote)


def right_decision(question: Question, reply: Reply) -> bool:
    """Whether the reply is of the kind expected.

    An emergency may be answered as one, and the two ways to bring in a person, the offer and the answer that explains
    it, serve each other's questions.
    """
    if reply.kind == question.expect.kind:
        return True
    if REPORT_DANGER in question.topics:
        return reply.kind in {"answer", "emergency"}
    if REACH_LIAISON in question.topics or question.expect.kind == "handoff":
        return reply.kind == "handoff" or reply.topic == REACH_LIAISON
    return False
