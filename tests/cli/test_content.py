"""`enlace content …` as a person runs it: what it prints, and how it ends."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from bot.__main__ import app
from bot.content.documents import load_document
from bot.settings import ROOT

KENT = "faq/kent-wa"
DEPARTMENTS = ["kansas-city-mo", "kent-wa", "los-angeles-county-ca", "roeland-park-ks"]


def content(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `enlace content` with `arguments`."""
    command = [sys.executable, "-m", "bot", "content", *arguments]
    env = {**os.environ, **environment}
    return subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False
    )


def invoke(*arguments: str) -> Result:
    """The same in this process, which saves a second of start, where the process itself is not what is tested."""
    return CliRunner().invoke(app, ["content", *arguments], env={"COLUMNS": "120"})


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A copy of the content with one department."""
    shutil.copytree(ROOT / "data" / KENT, tmp_path / KENT)
    for path in (ROOT / "data").glob("*.yml"):
        shutil.copy(path, tmp_path / path.name)
    for name in ("nlu", "safety", "calibration"):
        shutil.copytree(ROOT / "data" / name, tmp_path / name)
    for path in tmp_path.rglob("*.jsonl"):  # a few rows of each are read sooner
        path.write_text("".join(path.read_text(encoding="utf-8").splitlines(keepends=True)[:20]), encoding="utf-8")
    return tmp_path


def test_check_finds_nothing_in_our_content() -> None:
    done = content("check")
    assert (done.returncode, done.stdout, done.stderr) == (0, "content: no problem found\n", "")


def test_check_prints_every_error_with_file_and_line_and_fails(data: Path) -> None:
    answers = data / KENT / "answers"
    for name, old, new in [
        ("detainers.yml", "enabled: true", "enabled: perhaps"),
        ("what-is-asked.yml", "topic: what-is-asked\n", "topic: what-is-asked\nextra: 1\n"),
    ]:
        path = answers / name
        path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    done = invoke("check", "--root", str(data))
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert (
        f"{answers / 'detainers.yml'}:2: enabled: Input should be a valid boolean, unable to interpret input" in lines
    )
    assert f"{answers / 'what-is-asked.yml'}:2: extra: Extra inputs are not permitted" in lines
    assert f"{len(lines)} problems in " in done.stderr
    assert "docs/content.md" in done.stderr


@pytest.mark.parametrize(
    "changes",
    [
        [
            ("limits.yml", "limits:\n", "limit:\n", "4: limits: Field required"),
            ("places.yml", "federal:\n", "union:\n", "374: union: Extra inputs are not permitted"),
            ("unserved.yml", "    person: 找真人谈话\n", "", "16: languages.zh-Hans.person: Field required"),
            ("whatsapp.yml", "  open: [open,", "  opens: [open,", "4: commands.open: Field required"),
        ],
        [
            ("limits.yml", "  no_predictions:\n", "  no_prophecies:\n", "50: limits.no_prophecies.[key]: Value"),
            ("places.yml", '"no", oh', "no, oh", "13: says_no_more.4: Input should be a valid string"),
            ("unserved.yml", "served: [en, es]\n", "", "14: served: Field required"),
        ],
        [("limits.yml", "developer|dev|god", "developer|(dev|god", "17: limits.no_promises.9: Value error, not a")],
    ],
)
def test_check_reads_what_the_assistant_reads_beside_the_departments(
    data: Path, changes: list[tuple[str, str, str, str]]
) -> None:
    for name, old, new, _ in changes:
        text = (data / name).read_text(encoding="utf-8")
        assert text.count(old) == 1
        (data / name).write_text(text.replace(old, new), encoding="utf-8")
    done = invoke("check", "--root", str(data))
    assert done.exit_code == 1
    for name, _, _, said in changes:
        assert f"{data / name}:{said}" in done.stdout


@pytest.mark.parametrize(
    "files",
    [
        [
            (
                "nlu/es/deny.yml",
                "nlu:\n  - intent: deny\n    examples:\n      - no\n",
                "3: nlu.0.examples: Input should be a",
            ),
            ("safety/near_misses.jsonl", '{"text": "a"}\n{"txt": "a"}\n', "2: no example with text"),
            ("calibration/en/kent-wa.jsonl", "\n[1]\n", "2: not a question as JSON: it is no object"),
            ("calibration/decision.yml", "alone: {}\n", "1: not what `enlace calibrate` writes"),
            (
                "limits.yml",
                "limits:\n  no_predictions: []\n",
                "2: limits.no_predictions: List should have at least 1 item",
            ),
        ],
        [
            (
                "nlu/es/deny.yml",
                "nlu:\n  - intent: deny\n    examples: |\n      no\n",
                '3: nlu.0.examples: Value error, each example is a line of its own that begins with "- "',
            ),
            (
                "calibration/en/kent-wa.jsonl",
                '{"department": "kent-wa", "language": "en", "text": "a", "expect": {"kind": "reply"}}\n',
                "1: expect.kind: Input should be 'answer', 'clarify'",
            ),
        ],
        [
            (
                "nlu/es/deny.yml",
                "nlu:\n  - intents: deny\n    examples: |\n      - no\n",
                "2: nlu.0.intent: Field required",
            ),
        ],
    ],
)
def test_check_reads_what_is_learned_from(data: Path, files: list[tuple[str, str, str]]) -> None:
    for name, text, _ in files:
        (data / name).write_text(text, encoding="utf-8")
    done = invoke("check", "--root", str(data))
    assert done.exit_code == 1
    for name, _, said in files:
        assert f"{data / name}:{said}" in done.stdout


def test_check_says_which_of_them_are_missing_or_empty(data: Path) -> None:
    beside = [data / name for name in ("limits.yml", "places.yml", "unserved.yml", "whatsapp.yml")]
    for path in beside:
        path.write_text("", encoding="utf-8")
    said = invoke("check", "--root", str(data)).stdout
    assert all(f"{path}:1: file: Input should be" in said for path in beside)
    for path in beside:
        path.unlink()
    said = invoke("check", "--root", str(data)).stdout
    assert all(f"{path}:1: there is no such file" in said for path in beside)


def test_check_of_a_content_that_is_not_there_fails_with_a_sentence(tmp_path: Path) -> None:
    done = invoke("check", "--root", str(tmp_path))
    assert done.exit_code == 1
    assert f"{tmp_path / 'languages.yml'}:1: there is no such file" in done.stdout


def test_check_of_a_content_without_departments_fails_with_a_sentence(data: Path) -> None:
    shutil.rmtree(data / "faq")
    done = invoke("check", "--root", str(data))
    assert isinstance(done.exception, SystemExit)
    assert done.exit_code == 1
    assert f"{data / 'faq'}:1: there is no department" in done.stdout


@pytest.mark.parametrize("command", ["check", "coverage", "hash"])
def test_a_department_that_does_not_exist_is_refused(command: str) -> None:
    done = invoke(command, "--root", str(ROOT / "data"), "--department", "kent")
    assert done.exit_code == 2
    for word in ("'kent'", "kansas-city-mo", "kent-wa", "los-angeles-county-ca", "roeland-park-ks"):
        assert word in done.stderr


def test_coverage_is_a_table_by_department_and_language() -> None:
    done = content("coverage", COLUMNS="120")
    assert done.returncode == 0
    rows = [line.split()[:2] for line in done.stdout.splitlines() if re.search(r" (en|es) ", line)]
    assert rows == [[department, language] for department in DEPARTMENTS for language in ("en", "es")]


def test_coverage_can_be_read_in_a_narrow_terminal() -> None:
    done = CliRunner().invoke(app, ["content", "coverage", "--root", str(ROOT / "data")], env={"COLUMNS": "80"})
    assert [done.stdout.count(f"{department} ") for department in DEPARTMENTS] == [2] * 4
    assert "…" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_coverage_as_json_is_one_object_a_line() -> None:
    done = invoke("coverage", "--root", str(ROOT / "data"), "--json", "--department", "kent-wa")
    assert done.exit_code == 0
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["department"], row["language"]) for row in rows] == [("kent-wa", "en"), ("kent-wa", "es")]
    topics = len(list((ROOT / "data" / KENT / "answers").glob("*.yml")))
    assert [(row["topics"], row["complete"]) for row in rows] == [(topics, topics)] * 2


def test_hash_prints_what_a_translation_remembers() -> None:
    done = invoke("hash", "--department", "kent-wa")
    assert done.exit_code == 0
    document = load_document(ROOT / "data" / KENT / "policies" / "community-engagement.md")
    translation = (ROOT / "data" / KENT / "policies" / "community-engagement.es.md").read_text(encoding="utf-8")
    assert len(document.sections) == 11
    for anchor, section in document.sections.items():
        assert f"  {anchor}: {section.hash}  # {len(section.sentences)} lines" in done.stdout.splitlines()
        assert section.hash in translation


@pytest.mark.parametrize("command", ["check", "coverage", "hash"])
def test_help_explains_each_command_with_an_example(command: str) -> None:
    done = invoke(command, "--help")
    assert done.exit_code == 0
    assert f"Example: enlace content {command}" in done.stdout


def test_the_folder_is_the_one_that_the_settings_name(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (data / KENT / "answers/what-is-asked.yml").write_text("{", encoding="utf-8")
    monkeypatch.setenv("ENLACE_DATA_DIR", str(data))
    done = invoke("check")
    assert done.exit_code == 1
    assert f"{data / KENT}/answers/what-is-asked.yml:" in done.output
    monkeypatch.chdir(data)
    assert f"\n{KENT}/answers/what-is-asked.yml:" in f"\n{invoke('check').output}"


def test_no_answer_is_accepted_that_nobody_named(data: Path) -> None:
    files = sorted((data / KENT / "answers").glob("*.yml"))
    texts = [path.read_text(encoding="utf-8") for path in files]
    for path, text in zip(files, texts, strict=True):
        path.write_text(re.sub(r"(?m)^(written_from:\n  \S+) .*$", r'\1 "00000000"', text), encoding="utf-8")
    changed = [path.read_text(encoding="utf-8") for path in files]
    for arguments in ((), ("what-is-asked", "--all")):
        done = invoke("accept", "kent-wa", *arguments, "--root", str(data))
        assert done.exit_code == 2
        assert "--all" in done.output
        assert [path.read_text(encoding="utf-8") for path in files] == changed
    done = invoke("accept", "kent-wa", "--all", "--root", str(data))
    assert (done.exit_code, done.output.count(": accepted")) == (0, sum(map(str.__ne__, texts, changed)))
    assert texts != changed
    assert [path.read_text(encoding="utf-8") for path in files] == texts
