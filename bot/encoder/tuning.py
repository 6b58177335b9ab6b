"""Tunes the bundled encoder to what residents ask: which topic, whether any, and whether it is danger.

Only the biases and the layer norms learn (BitFit: Ben Zaken, Ravfogel and Goldberg, 2022): 60,672 numbers of 118
million, so that what the model knows of languages stays as it is and what is learned is a file of 140 KB. Each of the
questions to learn from has a linear head, which is thrown away; search and the safety net learn anew on the vectors.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from bot.encoder import bert
from bot.encoder.packed import Packed

if TYPE_CHECKING:
    from bot.retrieval.learning import Examples as SearchExamples
    from bot.safety.net import Examples as SafetyExamples

_TOPICS, _OUTSIDE, _DANGER, _NEAR_MISSES = 32, 12, 20, 28
"""Texts of each kind in a step."""
_MAX_PIECES = 40
_LEARNS, _HEADS_LEARN = 2e-3, 5e-3
_WARM_UP = 0.1
"""Share of the steps in which learning gets faster; in the others it gets slower."""
_SHARPNESS = 16.0
_MARGINAL = 0.3
"""What a question that is no danger counts beside a near miss, and the kind of danger beside whether it is any."""
Progress = Callable[[int, float], None]
"""Told a step's number, from 1, and its loss."""


class _Lessons:
    """Batches of texts, and their losses."""

    def __init__(self, search: SearchExamples, danger: SafetyExamples, width: int) -> None:
        self._random = random.Random(0)  # noqa: S311
        self._by_topic: dict[tuple[str, str], list[str]] = defaultdict(list)
        for variant in search.variants:
            self._by_topic[variant.department, variant.topic].append(variant.text)
        self._pairs = list(self._by_topic)
        # A topic with few variants is met less often than one with many, but not by as much.
        self._often = [len(texts) ** 0.5 for texts in self._by_topic.values()]
        self._topics = sorted({topic for _, topic in self._pairs})
        self._of = {
            department: [self._topics.index(topic) for name, topic in self._pairs if name == department]
            for department, _ in self._pairs
        }
        self._outside = search.outside
        self._danger, self._near_misses = danger.danger, danger.near_misses
        self._says = sorted({say for _, say in self._danger})
        self._topic = nn.Linear(width, len(self._topics))
        self._inside, self._is_danger = nn.Linear(width, 1), nn.Linear(width, 1)
        self._say = nn.Linear(width, len(self._says))
        for head in self._heads():
            nn.init.normal_(head.weight, std=0.05)
            nn.init.zeros_(head.bias)

    def _heads(self) -> Sequence[nn.Linear]:
        return self._topic, self._inside, self._is_danger, self._say

    def parameters(self) -> Iterator[nn.Parameter]:
        """What learns beside the encoder."""
        for head in self._heads():
            yield from head.parameters()

    def sample(self) -> list[str]:
        """Questions, for the middle of their vectors."""
        texts = [text for topic in self._by_topic.values() for text in topic]
        return random.Random(0).sample(texts, min(512, len(texts)))  # noqa: S311

    def some(self) -> tuple[list[str], Callable[[torch.Tensor], torch.Tensor]]:
        """Texts, and their loss as a function of their vectors (texts, width)."""
        asked = self._random.choices(self._pairs, self._often, k=_TOPICS)
        danger = self._random.choices(self._danger, k=_DANGER)
        texts = [
            *(self._random.choice(self._by_topic[pair]) for pair in asked),
            *self._random.choices(self._outside, k=_OUTSIDE),
            *(text for text, _ in danger),
            *self._random.choices(self._near_misses, k=_NEAR_MISSES),
        ]
        return texts, lambda vectors: self._loss(vectors, asked, [self._says.index(say) for _, say in danger])

    def _loss(self, vectors: torch.Tensor, asked: Sequence[tuple[str, str]], says: Sequence[int]) -> torch.Tensor:
        start, end = _TOPICS + _OUTSIDE, _TOPICS + _OUTSIDE + _DANGER
        # A department's question is told from that department's other topics alone.
        others = torch.full((_TOPICS, len(self._topics)), -1e4)
        for row, (department, _) in enumerate(asked):
            others[row, self._of[department]] = 0.0
        topics = torch.tensor([self._topics.index(topic) for _, topic in asked])
        topic = functional.cross_entropy(self._topic(vectors[:_TOPICS]) + others, topics)
        inside = functional.binary_cross_entropy_with_logits(
            self._inside(vectors[:start])[:, 0], torch.tensor([1.0] * _TOPICS + [0.0] * _OUTSIDE)
        )
        # What to do in danger is asked in the very words of danger: it is neither here.
        counts = [0.0 if topic == "report-danger-now" else _MARGINAL for _, topic in asked] + [_MARGINAL] * _OUTSIDE
        weights = torch.tensor(counts + [1.0] * (_DANGER + _NEAR_MISSES))
        is_danger = torch.zeros(len(vectors))
        is_danger[start:end] = 1.0
        missed = functional.binary_cross_entropy_with_logits(
            self._is_danger(vectors)[:, 0], is_danger, reduction="none"
        )
        say = functional.cross_entropy(self._say(vectors[start:end]), torch.tensor(says))
        return topic + inside + (missed * weights).sum() / weights.sum() + _MARGINAL * say


class Learner:
    """The encoder while it learns."""

    def __init__(self) -> None:
        """As it is bundled (a second)."""
        packed = Packed()
        self.width = packed.hidden
        self._bert = bert.Bert(packed, _MAX_PIECES)
        self._bert.model.requires_grad_(False)
        named = dict(self._bert.model.named_parameters())
        self._learns = {
            name: named[place]
            for name, place in bert.places(packed.layers)
            if place.endswith("bias") or "LayerNorm" in place
        }
        for tensor in self._learns.values():
            tensor.requires_grad_(True)

    def parameters(self) -> list[torch.Tensor]:
        """What learns."""
        return list(self._learns.values())

    def tensors(self) -> dict[str, NDArray[np.float16]]:
        """What it has learned, by the names in the wheel's file."""
        return {name: tensor.detach().numpy().astype(np.float16) for name, tensor in self._learns.items()}

    def train(self, on: bool) -> None:
        """With dropout, or as it will encode."""
        self._bert.model.train(on)

    def queries(self, texts: Sequence[str]) -> torch.Tensor:
        """Vectors (texts, width) of length 1, with gradients: in four parts of like lengths, which pads least."""
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        size = -(-len(texts) // 4)
        parts = [[texts[index] for index in order[start : start + size]] for start in range(0, len(texts), size)]
        with bert.fewer_digits():
            vectors = torch.cat([self._bert.encode(part, "query: ").float() for part in parts])
        return vectors[torch.argsort(torch.tensor(order))]


def tune(
    learner: Learner,
    search: SearchExamples,
    danger: SafetyExamples,
    steps: int,
    progress: Progress | None = None,
) -> None:
    """Have `learner` learn for so many steps, each about two seconds."""
    torch.manual_seed(0)
    lessons = _Lessons(search, danger, learner.width)
    with torch.no_grad():
        mean = learner.queries(lessons.sample()).mean(dim=0)
    learner.train(True)
    optimizer = torch.optim.AdamW(
        [
            {"params": learner.parameters(), "lr": _LEARNS, "weight_decay": 0.0},
            {"params": list(lessons.parameters()), "lr": _HEADS_LEARN, "weight_decay": 1e-3},
        ]
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        [
            lambda step: min(1.0, (step + 1) / max(1.0, _WARM_UP * steps)) * (1 - step / steps),
            lambda step: max(0.1, 1 - step / steps),
        ],
    )
    for step in range(steps):
        texts, loss_of = lessons.some()
        loss = loss_of(functional.normalize(learner.queries(texts) - mean, dim=-1) * _SHARPNESS)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(learner.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if progress:
            progress(step + 1, loss.item())
    learner.train(False)
