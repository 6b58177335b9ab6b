"""Whether what search found is an answer: a calibrated probability, and two thresholds on it.

The probability is a logistic regression over what search says, fitted by `enlace calibrate` on the questions of
data/calibration, each put to an index that had not learned from it. It says how often the first topic is the right
one. NLU's own confidences were among the reasons once; beside the kernel's they added nothing. A message that was read
together with the question before it has a regression of its own, fitted to follow-ups.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bot.content.yamlfile import ContentError, Problem, read_data
from bot.retrieval.index import Found

log = logging.getLogger(__name__)

FEATURES = ("score", "margin", "wording", "passage", "elsewhere", "inside", "outside", "words")
TOGETHER = (*FEATURES, "inside_alone", "outside_alone", "variant_alone", "same")
SURE_FROM = 0.4
"""Confidence from which search overrules an intent that is no question (config.yml, `yields`)."""
ALONE_FROM = 0.8
"""Confidence from which a message isn't read together with the question before it. Of 630 follow-ups that search hadn't
learned, seven more are answered right with this than with 0.4, and seven fewer wrong."""
TOGETHER_FROM = 0.35
"""Confidence from which a message is answered as what it says together with the question before it."""
_MOVES_FROM = 0.1
"""Confidence in a message by itself from which it may go on to another topic than that of the last answer. Of the
follow-ups of data/calibration that had less, four of 12 were right; such are "and what will the weather be?"."""
GOES_ON_BELOW = 0.8
"""`Found.outside` below which a message may go on from the one before it.

What is nearer to something that no text is about, such as thanks, goes on from nothing, however short it is.
"""
NEARBY = 2
"""How many topics are offered at most where there is no answer."""
_NEAR = 0.35
"""Centred cosine of a variant from which its topic is worth offering."""


def features(found: Found, words: int) -> list[float]:
    """What the decision rests on: of a message of so many words, in the order of FEATURES; of at least one topic."""
    first, *others = found.matches
    return [
        first.score,
        first.score - (others[0].score if others else 0.0),
        first.wording,
        first.passage,
        found.elsewhere,
        found.inside,
        found.outside,
        math.log(max(words, 1)),
    ]


def features_together(alone: Found, together: Found, last_topic: str | None, words: int) -> list[float]:
    """What it rests on where a message was read `together` with the question before it, in the order of TOGETHER.

    `last_topic`: of the answer to that question, if there was one.
    """
    topic = together.matches[0].topic
    variant = next(match.variant for match in alone.matches if match.topic == topic)
    return [*features(together, words), alone.inside, alone.outside, variant, float(topic == last_topic)]


@dataclass(frozen=True)
class Outcome:
    """What to do: answer `topics[0]`, let the resident choose among `topics`, or decline, and offer what is near."""

    kind: Literal["answer", "clarify", "no_answer"]
    topics: tuple[str, ...]
    confidence: float


@dataclass(frozen=True)
class Regression:
    """A logistic regression, as it was fitted."""

    weights: tuple[float, ...]
    bias: float

    @classmethod
    def read(cls, data: Mapping[str, Any], names: Sequence[str]) -> Regression:
        """Raises KeyError."""
        return cls(tuple(float(data["weights"][name]) for name in names), float(data["bias"]))

    def probability(self, values: Sequence[float]) -> float:
        """0 to 1."""
        score = self.bias + sum(weight * value for weight, value in zip(self.weights, values, strict=True))
        return 1 / (1 + math.exp(-max(min(score, 30.0), -30.0)))


@dataclass(frozen=True)
class Decision:
    """The fitted weights and the thresholds."""

    alone: Regression
    together: Regression
    answer_from: float
    clarify_from: float
    encoder: str

    @classmethod
    def load(cls, path: Path) -> Decision:
        """Read data/calibration/decision.yml, which `enlace calibrate` wrote; raises ContentError."""
        data = read_data(path)
        try:
            return cls(
                alone=Regression.read(data["alone"], FEATURES),
                together=Regression.read(data["together"], TOGETHER),
                answer_from=float(data["answer_from"]),
                clarify_from=float(data["clarify_from"]),
                encoder=str(data["encoder"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            problem = Problem(
                path, 1, "not what `enlace calibrate` writes: run it, or take the file of the last commit"
            )
            raise ContentError([problem]) from error

    def check(self, encoder: str) -> None:
        """Log an error if it was fitted to another encoder than this one (a name): its confidence means little then."""
        if encoder != self.encoder:
            log.error(
                "the decision to answer was fitted to the encoder %s, and this one is %s: run `enlace calibrate`",
                self.encoder,
                encoder,
            )

    def confidence(self, found: Found, words: int) -> float:
        """Probability that the first match is the right topic."""
        return self.alone.probability(features(found, words))

    def decide(self, found: Found, words: int) -> Outcome:
        """The outcome for a message of so many words."""
        if not found.matches:  # every topic is switched off
            return Outcome("no_answer", (), 0.0)
        confidence = self.confidence(found, words)
        if confidence >= self.answer_from:
            return Outcome("answer", (found.matches[0].topic,), confidence)
        if confidence >= self.clarify_from:
            best = found.matches[0].probability
            likely = [match.topic for match in found.matches[:3] if match.probability >= 0.05 * best]
            return Outcome("clarify", tuple(likely), confidence)
        near = [match.topic for match in found.matches[:NEARBY] if match.variant >= _NEAR]
        return Outcome("no_answer", tuple(near), confidence)

    def decide_together(self, alone: Found, together: Found, last_topic: str | None, words: int) -> Outcome | None:
        """The answer to a message of so many words, read together with the question before it; None if that is none."""
        if not together.matches:
            return None
        topic = together.matches[0].topic
        if last_topic is not None and topic != last_topic and self.confidence(alone, words) < _MOVES_FROM:
            return None
        confidence = self.together.probability(features_together(alone, together, last_topic, words))
        return Outcome("answer", (topic,), confidence) if confidence >= TOGETHER_FROM else None
