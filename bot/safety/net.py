"""A net under the rules: messages that mean danger in words that no rule has.

Fixed rules find what they were written for; of phrases that their author had not seen they found 59 %. This compares
a message's meaning and wording (bot/retrieval/kernel.py) with the examples of data/safety, near misses included, and
together with the rules finds 98 %. It is less sure than a rule, so it never takes an answer's place: the warning comes
first, and what was asked is answered below it. It takes a rule's flag back only where a message is far from all danger
that it knows ("I want to talk about a shooting that I witnessed").
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.content.plain import plain
from bot.content.yamlfile import ContentError, Problem, read_text
from bot.encoder import Vectors, unit
from bot.retrieval import hashed, kernel
from bot.retrieval.cache import Progress, VectorCache
from bot.retrieval.wording import Wording
from bot.safety.rules import Flag

Written = tuple[NDArray[np.int64], Vectors]
"""The n-grams of a message and their values, as `Wording.row` has them."""
FIRES_FROM = -0.7
"""Score, about 1 for an example of danger and -1 for one of none: chosen so that few near misses fire."""
DOUBTS_BELOW = -1.2
"""Score under which a rule that fired is taken back: of 642 emergencies, not learned, that a rule finds, one is under
it, of 44 questions to the department that a rule takes for one 31."""
_STANDS = frozenset({"self-harm", "overdose", "shooter"})
"""Rules that are never taken back: a child has swallowed what no example names, a shooter is where none was."""
_GAMMA = 3.0
"""How fast likeness falls off. With half of it, as for topics, a fifth more of other messages fire."""
_PENALTY = 0.4
_LEARNED = 0.3
"""Share of the other messages that the net learns from: those that are nearest to danger."""
NET = "net"
"""The rule that a flag of the net names."""

SAY = {
    "self-harm": "self_harm",
    "domestic-violence": "domestic_violence",
    "stalking": "stalking",
    "trafficking": "trafficking",
    "threat-call-ice": "threat_call_ice",
    "agents-at-door": "agents_at_door",
}
"""What answers a class of examples; all others are an `emergency`."""
_OF_THE_LAW = ("threat_call_ice", "agents_at_door")
_LIKELIER = 0.2
"""By how much one of those has to be likelier than the rest, since they speak of crimes and the law, and of 911 last.
Of 1,051 emergencies by writers who looked for what is missed, 92 would get one of them wrongly without this, 22 with
it; of the 140 that should get one, 9 more get the plain warning."""
_WEAK, _CLEAR = 0.5, 0.6
"""Below this score, the line for those who think of suicide is named only where it is likely by so much: an example of
despair has about 1. A message that is like nothing known was like those most ("ya está aquí")."""


@dataclass(frozen=True)
class Examples:
    """What the net learns from."""

    danger: Sequence[tuple[str, str]]
    """(message, what answers it)"""
    near_misses: Sequence[str]
    others: Sequence[str]


def _rows(folder: Path, name: str, *keys: str) -> list[dict[str, str]]:
    rows, problems = [], []
    for path in sorted(folder.glob(f"{name}*.jsonl")):
        for number, line in enumerate(read_text(path).splitlines(), start=1):
            try:
                row = json.loads(line)
                rows.append({key: row[key] for key in keys})
            except (ValueError, KeyError, TypeError):
                problems.append(Problem(path, number, f"no example with {' and '.join(keys)}"))
    if problems:
        raise ContentError(problems)
    return rows


def read_examples(folder: Path, others: Sequence[str]) -> Examples:
    """Those of the files `emergencies…` and `near_misses…` of `folder`; `others`: messages that are no danger.

    Raises ContentError with file and line of what is none.
    """
    danger, near = _rows(folder, "emergencies", "text", "class"), _rows(folder, "near_misses", "text")
    return Examples(
        [(row["text"], SAY.get(row["class"], "emergency")) for row in danger],
        [row["text"] for row in near],
        sorted({*others} - {row["text"] for row in danger}),
    )


class SafetyNet:
    """What `build_net` learned, ready to check messages."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """`arrays`: what `_build` made."""
        self._mean = arrays["mean"]
        self._rows = kernel.Rows(arrays["vectors"])
        self._wording = Wording(arrays["ngrams"], arrays["idf"])
        self._dual = arrays["dual"].astype(np.float64)
        self._letters = arrays["letters"]
        self._says = arrays["says"].tolist()
        self._handicaps = np.where(np.isin(self._says, _OF_THE_LAW), _LIKELIER, 0.0)

    def read(self, text: str) -> Written:
        """How a message is written: what can be known of it while its vector is made."""
        return self._wording.row(text)

    def check(self, written: Written, vector: Vectors, rule: Flag | None = None) -> Flag | None:
        """The flag of a message, with its vector (d,): its `rule`'s, which is taken back where the message is far from
        danger (but for `_STANDS`), or else what is likeliest to answer the examples that it is like, if it is like any.
        """
        scores = self._scores(written, vector)
        if rule and (rule.rule in _STANDS or scores[0] >= DOUBTS_BELOW):
            return rule
        if scores[0] < FIRES_FROM:
            return None
        which = int((scores[1:] - self._handicaps).argmax())
        unclear = self._says[which] == "self_harm" and scores[0] < _WEAK and scores[1 + which] < _CLEAR
        return Flag(NET, "emergency" if unclear else self._says[which])

    def score(self, text: str, vector: Vectors) -> float:
        """What `FIRES_FROM` is compared with."""
        return float(self._scores(self.read(text), vector)[0])

    def _scores(self, written: Written, vector: Vectors) -> Vectors:
        """(1 + s,): of danger, and of each of the s things that can be said to it."""
        cosines = self._rows.cosines(unit(vector - self._mean))
        return kernel.scores(cosines, written, self._dual, self._letters, _GAMMA)


def build_net(examples: Examples, cache: VectorCache, folder: Path, progress: Progress | None = None) -> SafetyNet:
    """The net of these examples and this encoder: read from `folder`, or built and written there."""
    known = [*(f"{say}/{text}" for text, say in examples.danger), *(f"near/{text}" for text in examples.near_misses)]
    made_from = (
        cache.path.name,
        cache.made_by,
        hashed.source(__name__, kernel.__name__, Wording.__module__, plain.__module__),
        *known,
        *examples.others,
    )
    return SafetyNet(hashed.kept(folder, "net", made_from, lambda: _build(examples, cache, progress)))


def _build(examples: Examples, cache: VectorCache, progress: Progress | None) -> dict[str, NDArray[Any]]:
    size, given = len(examples.danger), len(examples.danger) + len(examples.near_misses)
    texts = [*(text for text, _ in examples.danger), *examples.near_misses, *examples.others]
    vectors = cache.queries(texts, progress)
    mean = vectors.mean(axis=0)
    centred = unit(vectors - mean)
    near = kernel.nearest(centred[given:], centred[:size], _LEARNED)
    texts = [*texts[:given], *(examples.others[index] for index in near)]
    centred = np.concatenate([centred[:given], centred[given:][near]])
    wording, letters = Wording.fit(texts)
    danger = np.where(np.arange(len(texts)) < size, 1.0, -1.0).astype(np.float32)
    says = sorted({say for _, say in examples.danger})
    which = np.array([says.index(say) for _, say in examples.danger])
    dual = np.zeros((len(texts), 1 + len(says)), dtype=np.float32)
    alike = kernel.Likeness.between(centred, letters, _GAMMA)
    among = kernel.Ridge(alike.first(size), kernel.balanced(which, np.ones(size, dtype=np.float32)), _PENALTY)
    dual[:size, 1:] = among.learn(np.eye(len(says), dtype=np.float32)[which])
    dual[:, 0] = kernel.separate(alike, danger, np.ones(len(texts), dtype=np.float32), _PENALTY)
    speaks = dual.any(axis=1)
    return {
        "mean": mean,
        "vectors": centred[speaks].astype(np.float16),
        "ngrams": wording.ngrams,
        "idf": wording.idf,
        "dual": dual[speaks],
        "letters": kernel.of_ngrams(letters, dual),
        "says": np.array(says),
    }
