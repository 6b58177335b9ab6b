"""The public benchmarks, on files small enough to work the result out by hand."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from benchmarks.public import (
    BIAS,
    GAMMA,
    PENALTY,
    DataError,
    accuracy,
    by_words,
    few,
    found_first,
    read_banking77,
    read_xquad,
)
from bot.encoder import Vectors
from bot.evaluation.figures import Share
from bot.settings import ROOT

ENGLISH = [
    ("The Panthers won the football match in Denver.", [("a", "Who won the match?")]),
    ("The river Amazon carries more water than any other.", [("b", "Which river carries most water?"), ("c", "Why?")]),
]
SPANISH = [
    ("Los Panthers ganaron el partido.", [("a", "¿Ganaron los Panthers?")]),
    ("El río Amazonas lleva más agua.", [("b", "¿Qué río lleva más agua?"), ("c", "¿Por qué?")]),
]


def squad(paragraphs: list[tuple[str, list[tuple[str, str]]]]) -> str:
    """SQuAD's format, all in one article."""
    made = [
        {"context": text, "qas": [{"id": each, "question": asked} for each, asked in qas]} for text, qas in paragraphs
    ]
    return json.dumps({"version": "1.1", "data": [{"title": "t", "paragraphs": made}]})


@pytest.fixture
def xquad(tmp_path: Path) -> Path:
    """Two paragraphs, three questions in each language."""
    (tmp_path / "xquad.en.json").write_text(squad(ENGLISH), encoding="utf-8")
    (tmp_path / "xquad.es.json").write_text(squad(SPANISH), encoding="utf-8")
    return tmp_path


@pytest.fixture
def banking77(tmp_path: Path) -> Path:
    """Three examples of one category, two of another; one text has two lines and a comma."""
    (tmp_path / "train.csv").write_text(
        'text,category\nmy card is lost,lost_card\n"lost it, again\nand again",lost_card\nwhere is it,lost_card\n'
        "no money left,balance\nhow much,balance\n",
        encoding="utf-8",
    )
    (tmp_path / "test.csv").write_text("text,category\nlost,lost_card\nmoney,balance\ncash,balance\n", encoding="utf-8")
    return tmp_path


def test_spanish_questions_belong_to_english_paragraphs(xquad: Path) -> None:
    read = read_xquad(xquad)
    assert read.paragraphs == [text for text, _ in ENGLISH]
    assert read.questions["es"] == [
        ("¿Ganaron los Panthers?", 0),
        ("¿Qué río lleva más agua?", 1),
        ("¿Por qué?", 1),
    ]


def test_paragraph_found_first_by_words(xquad: Path) -> None:
    read = read_xquad(xquad)
    # "Why?" has no word of any paragraph; of the Spanish questions only the one with a name has.
    assert found_first(read, by_words(read.paragraphs)) == {"en": Share(2, 3), "es": Share(1, 3)}


@pytest.mark.model
@pytest.mark.timeout(600)  # it may be the first to load the encoder, on a busy machine
def test_the_whole_run_finds_spanish_questions_by_meaning(xquad: Path, banking77: Path, tmp_path: Path) -> None:
    done = run("public", "--xquad", str(xquad), "--banking77", str(banking77), cache=tmp_path / "cache")
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith("|")]
    ours, bm25 = (re.findall(r"([\d.]+)% \(", row) for row in rows[2:4])
    assert bm25 == ["66.7", "33.3"]
    assert min(map(float, ours)) >= 66.6  # "Why?" is anybody's guess
    assert [row.split("|")[1].strip() for row in rows[6:]] == ["10", "30", "all"]
    assert "of 3" in rows[6]


def test_few_examples_of_each_category(banking77: Path) -> None:
    train, test = read_banking77(banking77)
    assert [category for _, category in train] == ["lost_card"] * 3 + ["balance"] * 2
    assert train[1][0] == "lost it, again\nand again"
    assert len(test) == 3
    two = few(train, 2)
    assert sorted(category for _, category in two) == ["balance", "balance", "lost_card", "lost_card"]
    assert set(two) <= set(train)
    assert few(train, 2) == two
    assert few(train, None) == train


def test_accuracy_by_hand() -> None:
    # All lie in a narrow cone around (1, 0, …): only what is left without the mean tells the categories apart.
    places = {"a1": 0.02, "a2": 0.03, "b1": -0.02, "b2": -0.03, "like a": 0.01, "like b": -0.01, "like a too": 0.04}

    def vectors(texts: Sequence[str]) -> Vectors:
        return np.array([[1.0, places[text]] for text in texts], dtype=np.float32)

    train = [("a1", "a"), ("a2", "a"), ("b1", "b"), ("b2", "b")]
    test = [("like a", "a"), ("like b", "b"), ("like a too", "b")]  # the last is labelled against its place
    assert accuracy(train, test, vectors) == Share(2, 3)


def test_the_regression_is_that_of_rasas_interpreter() -> None:
    source = (ROOT / "bot/nlu/classifier.py").read_text(encoding="utf-8")
    assert f'"gamma": {GAMMA}, "bias": {BIAS}, "penalty": {PENALTY},' in source


def test_what_is_missing_or_malformed_is_named(xquad: Path, banking77: Path) -> None:
    (xquad / "xquad.es.json").write_text(squad([("Otro.", [("z", "¿?")])]), encoding="utf-8")
    with pytest.raises(DataError, match=r"xquad\.es\.json isn't in SQuAD's format .* KeyError 'z'"):
        read_xquad(xquad)
    (xquad / "xquad.es.json").unlink()
    with pytest.raises(DataError, match=r"there is no .*xquad\.es\.json"):
        read_xquad(xquad)
    (banking77 / "test.csv").write_text("lost,lost_card\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"test\.csv needs a first line `text,category`"):
        read_banking77(banking77)


def run(*arguments: str, cache: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run `python -m benchmarks`."""
    env = {**os.environ, **({"ENLACE_CACHE_DIR": str(cache)} if cache else {})}
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=600, check=False)


def test_the_command_says_what_to_do(tmp_path: Path) -> None:
    done = run("public")
    assert done.returncode == 1
    assert "give --xquad DIR, --banking77 DIR, or both" in done.stderr
    done = run("public", "--xquad", str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.strip() == f"public: there is no {tmp_path / 'xquad.en.json'}"
    done = run("speed")
    assert done.returncode == 2
    assert "there is no benchmark 'speed'; there are turn, " in done.stderr
