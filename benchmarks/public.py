"""On public data: XQuAD, Spanish and English questions to English paragraphs, and BANKING77, intents of few examples.

Both are downloaded by whoever runs this (see docs/evaluation.md); nothing is tuned on them. XQuAD's Spanish questions
are translations of its English ones, so that the difference between the two is the encoder's.
"""

from __future__ import annotations

import csv
import functools
import io
import json
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bot.encoder import Encoder, Vectors, encoder_name, unit
from bot.evaluation.figures import Share
from bot.evaluation.peers.bm25 import Ranking
from bot.retrieval.cache import VectorCache
from bot.settings import Settings

SHOTS = (10, 30, None)
"""How many training examples an intent has; None: all."""
GAMMA, BIAS, PENALTY = 2.0, 0.05, 0.1
"""Those of bot/nlu/classifier.py, which Rasa's interpreter runs; a test holds them to it."""


class DataError(Exception):
    """A file is missing or isn't what it should be; the message says which and how it should be."""


@dataclass(frozen=True)
class Squad:
    """Paragraphs, and questions by language: text and index of the paragraph that answers it."""

    paragraphs: list[str]
    questions: dict[str, list[tuple[str, int]]]


Labelled = list[tuple[str, str]]
"""Text and category."""


def read_xquad(folder: Path) -> Squad:
    """English paragraphs, and the questions of xquad.en.json and xquad.es.json; raises DataError."""
    paragraphs: list[str] = []
    home: dict[str, int] = {}
    questions: dict[str, list[tuple[str, int]]] = {}
    for language in ("en", "es"):
        path = folder / f"xquad.{language}.json"
        found = []
        try:
            for entry in json.loads(_read(path))["data"]:
                for paragraph in entry["paragraphs"]:
                    if language == "en":
                        paragraphs.append(paragraph["context"])
                        home.update({question["id"]: len(paragraphs) - 1 for question in paragraph["qas"]})
                    found += [(question["question"], home[question["id"]]) for question in paragraph["qas"]]
        except (ValueError, KeyError, TypeError) as error:
            message = f"{path} isn't in SQuAD's format with the ids of xquad.en.json: {type(error).__name__} {error}"
            raise DataError(message) from error
        questions[language] = found
    return Squad(paragraphs, questions)


def read_banking77(folder: Path) -> tuple[Labelled, Labelled]:
    """train.csv and test.csv, both with a header `text,category`; raises DataError."""
    return _labelled(folder / "train.csv"), _labelled(folder / "test.csv")


def _labelled(path: Path) -> Labelled:
    rows = csv.DictReader(io.StringIO(_read(path)))  # a quoted text may have more than one line
    if not {"text", "category"} <= set(rows.fieldnames or ()):
        raise DataError(f"{path} needs a first line `text,category`")
    return [(row["text"].strip(), row["category"]) for row in rows]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise DataError(f"there is no {path}") from error


Best = Callable[[Sequence[str]], list[int | None]]
"""For each question the index of the paragraph that comes first; None where none does."""


def found_first(squad: Squad, best: Best) -> dict[str, Share]:
    """By language: of how many questions the paragraph that answers them came first."""
    shares = {}
    for language, asked in squad.questions.items():
        guesses = best([text for text, _ in asked])
        hits = sum(guess == right for guess, (_, right) in zip(guesses, asked, strict=True))
        shares[language] = Share(hits, len(asked))
    return shares


def by_vectors(paragraphs: Sequence[str], cache: VectorCache) -> Best:
    """The paragraph of the highest cosine."""
    vectors = cache.passages(paragraphs)
    return lambda questions: (cache.queries(questions) @ vectors.T).argmax(axis=1).tolist()


def by_words(paragraphs: Sequence[str]) -> Best:
    """The paragraph of the highest BM25 score."""
    ranking = Ranking(paragraphs)
    return lambda questions: [best[0] if (best := ranking.best(text)) else None for text in questions]


def few(examples: Labelled, shots: int | None) -> Labelled:
    """So many examples of each category, the same at every run; all of them for None."""
    if shots is None:
        return list(examples)
    by_category: dict[str, list[str]] = defaultdict(list)
    for text, category in examples:
        by_category[category].append(text)
    chance = random.Random(0)
    return [
        (text, category)
        for category, texts in sorted(by_category.items())
        for text in chance.sample(texts, min(shots, len(texts)))
    ]


def accuracy(train: Labelled, test: Labelled, vectors: Callable[[Sequence[str]], Vectors]) -> Share:
    """Of how many test texts the category was right: the kernel ridge regression of bot/nlu/classifier.py."""
    from sklearn.kernel_ridge import KernelRidge

    seen = vectors([text for text, _ in train])
    mean = seen.mean(axis=0)
    seen, asked = unit(seen - mean), unit(vectors([text for text, _ in test]) - mean)
    categories, classes = np.unique([category for _, category in train], return_inverse=True)
    weights = 1 / np.sqrt(np.bincount(classes))[classes]
    model = KernelRidge(alpha=PENALTY, kernel="precomputed")
    model.fit(_likeness(seen @ seen.T), np.eye(len(categories))[classes], weights / weights.mean())
    guesses = categories[model.predict(_likeness(asked @ seen.T)).argmax(axis=1)]
    return Share(int((guesses == np.array([category for _, category in test])).sum()), len(test))


def _likeness(cosines: Vectors) -> Vectors:
    return np.asarray(np.exp(GAMMA * (cosines - 1)) + BIAS)


def run(xquad: Path | None, banking77: Path | None) -> None:
    """Measure what there is data for, and print the tables; raises DataError."""
    settings = Settings()
    squad = read_xquad(xquad) if xquad else None
    banking = read_banking77(banking77) if banking77 else None
    name = encoder_name(settings.encoder_model)
    # Both cores: nothing else runs beside it.
    encoder = functools.cache(lambda: Encoder(settings.encoder_model, threads=2))
    cache = VectorCache(settings.cache_dir / "bench", name, encoder)
    if squad:
        print(f"\nXQuAD: the right one first of {len(squad.paragraphs)} English paragraphs\n")
        print("| | English questions | Spanish questions |\n| --- | ---: | ---: |")
        for system, best in ((name, by_vectors(squad.paragraphs, cache)), ("BM25", by_words(squad.paragraphs))):
            shares = found_first(squad, best)
            print(f"| {system} | {_cell(shares['en'])} | {_cell(shares['es'])} |")
    if banking:
        train, test = banking
        print(f"\nBANKING77: right intent of {len(test)} test texts, {name} and kernel ridge regression\n")
        print("| examples an intent | accuracy |\n| --- | ---: |")
        for shots in SHOTS:
            share = accuracy(few(train, shots), test, cache.queries)
            print(f"| {'all' if shots is None else shots} | {_cell(share)} |", flush=True)


def _cell(share: Share) -> str:
    low, high = share.interval
    return f"{share.value:.1%} ({low:.1%} to {high:.1%}) of {share.total}"


def main(arguments: Any) -> None:
    """`python -m benchmarks public`, with its parsed arguments; ends with a sentence where there is no data."""
    if not (arguments.xquad or arguments.banking77):
        raise SystemExit("public: give --xquad DIR, --banking77 DIR, or both (docs/evaluation.md)")
    try:
        run(arguments.xquad, arguments.banking77)
    except DataError as error:
        raise SystemExit(f"public: {error}") from error
