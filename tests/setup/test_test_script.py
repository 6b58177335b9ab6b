"""Guards scripts/test: which tests it runs, where it finds a Chromium, and how it ends."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Stands for pytest: says how it was called, and ends as a run of tests that ended with $RESULT.
PYTEST = """#!/usr/bin/env bash
printf '%s\\n' "chromium: ${ENLACE_CHROMIUM:-}" "$@" "1 passed"
exit "${RESULT:-0}"
"""

SIDE_BY_SIDE = ["-n", "logical", "--maxprocesses", "4", "--dist", "loadfile", "--no-loadscope-reorder"]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A checkout, as far as the script looks at one, on a machine with neither Chromium nor apt-get."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts/test", tmp_path / "scripts/test")
    program(tmp_path / ".venv/bin/pytest", PYTEST)
    (tmp_path / "bin").mkdir()
    for name in ["bash", "env", "dirname", "id"]:
        (tmp_path / "bin" / name).symlink_to(str(shutil.which(name)))
    return tmp_path


def program(path: Path, text: str = "#!/usr/bin/env bash\n") -> Path:
    """Write a program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


def run(tree: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the script."""
    given = {"PATH": str(tree / "bin")} | environment
    command = [str(tree / "scripts/test"), *arguments]
    return subprocess.run(command, env=given, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome"])
def test_the_browser_tests_get_the_chromium_on_the_path(tree: Path, name: str) -> None:
    chromium = program(tree / "bin" / name)
    result = run(tree, "-k", "widget")
    assert result.returncode == 0
    assert result.stdout.splitlines() == [
        f"chromium: {chromium}",
        "-m",
        "not setup",
        *SIDE_BY_SIDE,
        "-k",
        "widget",
        "1 passed",
    ]
    assert result.stderr == ""


def test_the_chromium_that_was_named_comes_first(tree: Path) -> None:
    program(tree / "bin/chromium")
    named = program(tree / "elsewhere/chrome")
    assert f"chromium: {named}" in run(tree, ENLACE_CHROMIUM=str(named)).stdout


def test_without_chromium_it_says_so_loudly_and_runs_the_rest(tree: Path) -> None:
    result = run(tree)
    assert result.returncode == 0
    assert "(not setup) and not browser" in result.stdout
    (said,) = result.stderr.splitlines()
    assert "NO CHROMIUM: THE BROWSER TESTS DO NOT RUN" in said
    assert "apt-get install chromium" in said


def test_in_continuous_integration_a_missing_chromium_is_a_failure(tree: Path) -> None:
    result = run(tree, CI="true")
    assert result.returncode == 1
    assert "counts as failed" in result.stderr
    assert result.stdout.splitlines()[-1] == "1 passed"


@pytest.mark.parametrize("with_chromium", [True, False])
def test_a_failed_test_fails_the_run(tree: Path, with_chromium: bool) -> None:
    if with_chromium:
        program(tree / "bin/chromium")
    assert run(tree, RESULT="3").returncode == 3


def test_the_fast_ones_are_those_that_need_nothing(tree: Path) -> None:
    _, flag, chosen, *rest = run(tree, "--fast", "-k", "x", ENLACE_TEST_SETUP="1").stdout.splitlines()
    assert (flag, rest) == ("-m", [*SIDE_BY_SIDE, "-k", "x", "1 passed"])
    assert chosen == "not (model or rasa or postgres or browser or setup)"


def test_the_test_of_a_whole_set_up_runs_when_asked_for(tree: Path) -> None:
    program(tree / "bin/chromium")
    assert "setup or not setup" in run(tree, ENLACE_TEST_SETUP="1").stdout.splitlines()
