"""`enlace evaluate` as a person runs it: what it refuses, and a whole run against a real server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from typer.testing import CliRunner

from bot.__main__ import app
from bot.settings import ROOT

if TYPE_CHECKING:
    from tests.conftest import Server

ROWS: list[dict[str, Any]] = [
    {
        "department": "kent-wa",
        "language": "en",
        "pair": 1,
        "text": "will the police ask about my immigration status?",
        "expect": {"kind": "answer", "topic": "what-is-asked"},
    },
    {
        "department": "kent-wa",
        "language": "es",
        "pair": 1,
        "text": "¿la policía me va a preguntar por mi estatus migratorio?",
        "expect": {"kind": "answer", "topic": "what-is-asked"},
    },
    {
        "department": "kent-wa",
        "language": "en",
        "before": ["will the police ask about my immigration status?"],
        "text": "explain that in other words",
        "expect": {"kind": "answer", "topic": "what-is-asked"},
    },
    {
        "department": "kent-wa",
        "language": "en",
        "sort": "weather",
        "text": "what is the weather like on saturday",
        "expect": {"kind": "no_answer"},
    },
]


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    """A file with the rows."""
    file = tmp_path / "questions.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    return file


def refused(*arguments: str) -> str:
    """What the command says where it refuses, having asked nothing."""
    done = CliRunner().invoke(app, ["evaluate", *arguments])
    assert done.exit_code == 2
    return done.stderr


def test_an_unknown_peer_is_refused_with_the_names_of_the_known(questions: Path) -> None:
    assert "there is no peer 'elastic'; there are bm25, dense, use, rasa" in refused(
        str(questions), "--against", "bm25,elastic"
    )


def test_what_cannot_be_asked_is_refused(questions: Path, tmp_path: Path) -> None:
    questions.write_text(json.dumps({**ROWS[0], "department": "atlantis"}), encoding="utf-8")
    assert "there is no department 'atlantis'" in refused(str(questions))
    questions.write_text("\n", encoding="utf-8")
    assert "there is no question in these files" in refused(str(questions))
    assert "no-file.jsonl" in refused(str(tmp_path / "no-file.jsonl"))


@pytest.mark.rasa
def test_a_whole_run(questions: Path, tmp_path: Path, server: Server) -> None:
    env = {**os.environ, "ENLACE_PORT": str(urlsplit(server.base_url).port), "ENLACE_VAR_DIR": str(tmp_path / "var")}
    command = [sys.executable, "-m", "bot", "evaluate", str(questions), "--json"]
    command += ["--against", "bm25", "--report", str(tmp_path / "report")]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    shares = {name: (share["hits"], share["total"]) for name, share in found["figures"]["all"].items()}
    # The third is right only in the conversation that its `before` opens.
    assert shares["right citation first"] == (3, 3)
    assert shares["outside, declined: weather"] == (1, 1)
    assert shares["same decision in both languages"] == (1, 1)
    assert shares["every exception cited"] == (3, 3)
    assert shares["citations that the department never published"][0] == 0
    assert found["misses"] == []
    systems = found["right_citation_first"]
    assert systems["enlace"]["all"]["hits"] == systems["enlace"]["all"]["total"] == 2
    assert systems["bm25"]["all"]["total"] == 2
    page = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    assert found["content"] in page
    assert "stand for themselves" in page
