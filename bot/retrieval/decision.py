"""Whether what search found is an answer: a calibrated probability, and two thresholds on it.

The probability is a logistic regression over what search says, fitted by `enlace calibrate` on the questions of
data/calibration, each put to an index that had not learned from it. It says how often the first topic is the right
one. NLU's own confidences were among the reasons once; beside the kernel's they added nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml

from bot.retrieval.index import Found

FEATURES = ("score", "margin", "wording", "passage", "inside", "outside", "words")
SURE_FROM = 0.4
"""Confidence from which search overrules an intent that is no question (config.yml, `yields`)."""
GOES_ON_FROM = -0.72
"""`Found.inside` from which a message that search has no answer to may go on from the one before it.

What is further outside is about something else, however it begins: read together with a question, it would be answered
as that question.
"""
NEARBY = 2
"""How many topics are offered at most where there is no answer."""
_NEAR = 0.35
"""Centred cosine of a variant from which its topic is worth offering."""


def features(found: Found, words: int) -> list[float]:
    """What the decision rests on: of a message of so many words, in the order of FEATURES; of at least two topics."""
    first, second = found.matches[0], found.matches[1]
    return [
        first.score,
        first.score - second.score,
        first.wording,
        first.passage,
        found.inside,
        found.outside,
        math.log(max(words, 1)),
    ]


@dataclass(frozen=True)
class Outcome:
    """What to do: answer `topics[0]`, let the resident choose among `topics`, or decline, and offer what is near."""

    kind: Literal["answer", "clarify", "no_answer"]
    topics: tuple[str, ...]
    confidence: float


@dataclass(frozen=True)
class Decision:
    """The fitted weights and the thresholds."""

    weights: tuple[float, ...]
    bias: float
    answer_from: float
    clarify_from: float
    encoder: str

    @classmethod
    def load(cls, path: Path) -> Decision:
        """Read data/calibration/decision.yml; raises FileNotFoundError or KeyError."""
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        return cls(
            weights=tuple(float(data["weights"][name]) for name in FEATURES),
            bias=float(data["bias"]),
            answer_from=float(data["answer_from"]),
            clarify_from=float(data["clarify_from"]),
            encoder=str(data["encoder"]),
        )

    def confidence(self, found: Found, words: int) -> float:
        """Probability that the first match is the right topic."""
        values = features(found, words)
        score = self.bias + sum(weight * value for weight, value in zip(self.weights, values, strict=True))
        return 1 / (1 + math.exp(-max(min(score, 30.0), -30.0)))

    def decide(self, found: Found, words: int) -> Outcome:
        """The outcome for a message of so many words."""
        confidence = self.confidence(found, words)
        if confidence >= self.answer_from:
            return Outcome("answer", (found.matches[0].topic,), confidence)
        if confidence >= self.clarify_from:
            best = found.matches[0].probability
            likely = [match.topic for match in found.matches[:3] if match.probability >= 0.05 * best]
            return Outcome("clarify", tuple(likely), confidence)
        near = [match.topic for match in found.matches[:NEARBY] if match.variant >= _NEAR]
        return Outcome("no_answer", tuple(near), confidence)
