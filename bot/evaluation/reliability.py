"""Whether a confidence means what it says: of the replies at 70 %, seven in ten should have the right topic first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bot.evaluation.figures import Pair, Share
from bot.evaluation.judging import right_citation
from bot.replies import topic_choice

BINS = 10


@dataclass(frozen=True)
class Bin:
    """The replies with a confidence from `low` up to `high`: their mean confidence, and how many were right."""

    low: float
    high: float
    confidence: float
    right: Share


@dataclass(frozen=True)
class Reliability:
    """Of the replies that reached the decision; bins without any are left out."""

    error: float
    """Expected calibration error, 0 to 1."""
    total: int
    bins: list[Bin]


def reached_decision(pair: Pair) -> bool:
    """Whether search decided on the reply. What is sure without it (a rule, another place, a button) says 1."""
    reply = pair[1]
    decided = reply.confidence is not None and reply.confidence < 1
    return decided and reply.kind in {"answer", "clarify", "no_answer"}


def right_topic_first(pair: Pair) -> bool:
    """What the confidence is about: was the first topic right?

    Where nothing was answered that is the topic of the first button; without one, no.
    """
    question, reply = pair
    if reply.topic is not None:
        return right_citation(question, reply)
    first = [choice.send for choice in reply.choices[:1]]
    return any(topic_choice(topic) in first for topic in question.topics)


def reliability(pairs: Sequence[Pair]) -> Reliability | None:
    """The confidences of these replies beside what came of them; None where no reply reached the decision."""
    seen = [(pair[1].confidence or 0.0, right_topic_first(pair)) for pair in pairs if reached_decision(pair)]
    if not seen:
        return None
    bins = []
    for index in range(BINS):
        members = [(confidence, right) for confidence, right in seen if min(int(confidence * BINS), BINS - 1) == index]
        if members:
            mean = sum(confidence for confidence, _ in members) / len(members)
            right = Share(sum(right for _, right in members), len(members))
            bins.append(Bin(index / BINS, (index + 1) / BINS, mean, right))
    error = expected_calibration_error([each for each, _ in seen], [right for _, right in seen], BINS)
    return Reliability(error, len(seen), bins)


def expected_calibration_error(probabilities: Sequence[float], right: Sequence[bool], bins: int = 10) -> float:
    """Mean distance of probability and share right, over equally wide bins, weighted by their size; 0 to 1."""
    chosen = np.minimum((np.array(probabilities) * bins).astype(int), bins - 1)
    total = 0.0
    for index in set(chosen.tolist()):
        members = chosen == index
        total += abs(np.array(probabilities)[members].mean() - np.array(right)[members].mean()) * members.sum()
    return float(total / len(probabilities))
