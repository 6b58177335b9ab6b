"""Guards scripts/setup: what it does and what it says, run for real in a small tree with a stand-in for uv."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Stands for uv, and so for the network: writes down how it was called, makes a virtual environment out of a link, and
# fails when the call holds the words in $FAIL.
UV = """#!/usr/bin/env bash
if [ "$1" = --version ]; then echo "{version} (stand-in)"; exit; fi
echo "$*" >>"{calls}"
if [ -n "${{FAIL:-}}" ] && grep -q -- "$FAIL" <<<"$*"; then echo "error: it broke" >&2; exit 2; fi
case $* in
  venv*)
    mkdir -p "${{@: -1}}/bin"
    while [ "$1" != --python ]; do shift; done
    ln -sf "$2" "${{@: -1}}/bin/python" ;;
esac
"""

# Stands for an interpreter of which only the version matters.
PYTHON = """#!/usr/bin/env bash
case $* in
  --version) echo "Python {version}.1" ;;
  *"{condition}"*) echo "$0" ;;
  *) exit 1 ;;
esac
"""
BROKEN_SHIM = "#!/usr/bin/env bash\necho 'pyenv: python3.10: command not found' >&2\nexit 127\n"


def executable(path: Path, text: str) -> Path:
    """Write a program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


class Tree:
    """A fresh clone, as far as set-up looks at one."""

    def __init__(self, root: Path) -> None:
        self.root = root / "enlace"
        self.bin = root / "bin"
        self.calls_file = root / "calls"
        (self.root / "scripts").mkdir(parents=True)
        shutil.copy(ROOT / "scripts/setup", self.root / "scripts/setup")
        shutil.copytree(ROOT / "requirements", self.root / "requirements")
        shutil.copy(ROOT / "pyproject.toml", self.root)
        self.calls_file.touch()
        pinned = (ROOT / "requirements/uv.txt").read_text(encoding="utf-8").strip().replace("==", " ")
        executable(self.root / ".tools/bin/uv", UV.format(version=pinned, calls=self.calls_file))
        self.python("3.11", ">= (3, 11)")
        self.python("3.10", "== (3, 10)")
        # Only what the script needs: the machine's own interpreters must not be found.
        for name in [
            "awk",
            "bash",
            "cat",
            "cmp",
            "df",
            "dirname",
            "env",
            "flock",
            "grep",
            "ln",
            "mkdir",
            "rm",
            "sed",
            "uname",
        ]:
            if found := shutil.which(name):
                (self.bin / name).symlink_to(found)

    def python(self, version: str, condition: str) -> None:
        """Put an interpreter on the PATH."""
        executable(self.bin / f"python{version}", PYTHON.format(version=version, condition=condition))

    def setup(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the script."""
        # UV_PYTHON_DOWNLOADS is uv's own switch; no test may download an interpreter.
        given = {"PATH": str(self.bin), "HOME": str(self.root), "UV_PYTHON_DOWNLOADS": "never"} | environment
        command = [str(self.root / "scripts/setup"), *arguments]
        return subprocess.run(command, env=given, capture_output=True, text=True, timeout=60, check=False)

    def calls(self) -> list[str]:
        """What was asked of uv since this was last called."""
        calls = self.calls_file.read_text(encoding="utf-8").splitlines()
        self.calls_file.write_text("", encoding="utf-8")
        return calls


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """A fresh clone with both interpreters at hand."""
    return Tree(tmp_path)


@pytest.fixture
def ready(tree: Tree) -> Tree:
    """A tree that has been set up."""
    done = tree.setup()
    assert done.returncode == 0, done.stderr
    tree.calls()
    return tree


def last_line(result: subprocess.CompletedProcess[str]) -> str:
    """What the script ends with: the sentence that counts."""
    return result.stderr.splitlines()[-1]


def test_a_first_set_up_makes_both_environments(tree: Tree) -> None:
    result = tree.setup()
    calls = tree.calls()
    assert result.returncode == 0, result.stderr
    assert last_line(result) == "setup: done"
    assert [call.split()[-1] for call in calls if call.startswith("venv")] == [".venv", ".venv-rasa"]
    synced = [call.split()[-1] for call in calls if call.startswith("pip sync")]
    assert synced == ["requirements/app.txt", "requirements/rasa.txt"]
    assert any(call.endswith("--editable .") for call in calls)
    assert re.findall(r"(\d) of 3", result.stderr) == ["1", "2", "3"]


def test_with_nothing_to_do_it_asks_nothing_of_anybody(ready: Tree) -> None:
    shutil.rmtree(ready.root / ".tools")
    for name in ("python3.10", "python3.11"):
        assert (ready.bin / name).exists()
    result = ready.setup(PIP_INDEX_URL="http://127.0.0.1:9/")
    assert (result.returncode, result.stderr) == (0, "setup: nothing to do\n")
    assert ready.calls() == []
    assert not (ready.root / ".tools").exists()


@pytest.mark.parametrize(
    ("changed", "synced"),
    [
        ("requirements/app.txt", [".venv"]),
        ("requirements/torch.txt", [".venv"]),
        ("pyproject.toml", [".venv"]),
        ("requirements/rasa.txt", [".venv-rasa"]),
        ("requirements/build.txt", [".venv", ".venv-rasa"]),
        ("requirements/dev.txt", []),
    ],
)
def test_a_change_updates_the_environment_that_it_is_about(ready: Tree, changed: str, synced: list[str]) -> None:
    with (ready.root / changed).open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert ready.setup().returncode == 0
    calls = ready.calls()
    assert [call.split()[3] for call in calls if call.startswith("pip sync")] == synced
    assert not [call for call in calls if call.startswith("venv")]
    assert last_line(ready.setup()) == "setup: nothing to do"


def test_the_tools_come_when_they_are_asked_for_and_stay(ready: Tree) -> None:
    assert ready.setup("--dev").returncode == 0
    assert [call.split()[-1] for call in ready.calls() if call.startswith("pip sync")] == ["requirements/dev.txt"]
    assert last_line(ready.setup()) == "setup: nothing to do"


@pytest.mark.parametrize("argument", ["--hlep", "dev", "--dev now"])
def test_what_it_does_not_know_is_refused_before_anything_is_done(tree: Tree, argument: str) -> None:
    result = tree.setup(*argument.split())
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"setup: there is no {argument}: scripts/setup --help says what there is\n"
    assert tree.calls() == []


@pytest.mark.parametrize("argument", ["-h", "--help"])
def test_help_is_printed_and_nothing_is_done(tree: Tree, argument: str) -> None:
    result = tree.setup(argument)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("Makes both environments, or brings them up to date:")
    assert "\n  scripts/setup --dev   the tools of the checks" in result.stdout
    assert "set -euo" not in result.stdout
    assert tree.calls() == []


@pytest.mark.parametrize("given", ["much", "6.5", "-1"])
def test_a_disk_that_is_no_number_is_refused(tree: Tree, given: str) -> None:
    result = tree.setup(ENLACE_SETUP_DISK_GB=given)
    assert (result.returncode, tree.calls()) == (1, [])
    assert result.stderr == f"setup: ENLACE_SETUP_DISK_GB={given} isn't a whole number of GB: name one\n"


def test_an_interpreter_that_has_gone_is_replaced(ready: Tree) -> None:
    (ready.root / ".venv-rasa/bin/python").unlink()
    assert ready.setup().returncode == 0
    assert [call.split()[-1] for call in ready.calls() if call.startswith("venv")] == [".venv-rasa"]


def test_a_tree_that_was_moved_is_set_up_again(ready: Tree) -> None:
    # The console script and the editable install hold the old path.
    ready.root = ready.root.rename(ready.root.with_name("moved"))
    assert last_line(ready.setup()) == "setup: done"
    calls = ready.calls()
    assert any(call.endswith("--editable .") for call in calls)
    # Anew: scripts of other packages hold it, too, and installing what is there already leaves them as they are.
    assert [call.split()[-1] for call in calls if call.startswith("venv")] == [".venv", ".venv-rasa"]
    assert last_line(ready.setup()) == "setup: nothing to do"


def test_a_moved_tree_is_made_anew_also_after_an_interruption(ready: Tree) -> None:
    ready.root = ready.root.rename(ready.root.with_name("moved"))
    assert ready.setup(FAIL="venv").returncode == 1
    ready.calls()
    assert last_line(ready.setup()) == "setup: done"
    assert [call.split()[-1] for call in ready.calls() if call.startswith("venv")] == [".venv", ".venv-rasa"]


def test_an_interpreter_that_is_named_later_is_taken_and_kept(ready: Tree) -> None:
    ready.python("3.10", "== (3, 10)")
    other = executable(ready.bin / "other/python3.10", PYTHON.format(version="3.10", condition="== (3, 10)"))
    assert ready.setup(ENLACE_SETUP_RASA_PYTHON=str(other)).returncode == 0
    assert [call.split()[-1] for call in ready.calls() if call.startswith("venv")] == [".venv-rasa"]
    assert (ready.root / ".venv-rasa/bin/python").readlink() == other
    for environment in ({"ENLACE_SETUP_RASA_PYTHON": str(other)}, {}):
        assert last_line(ready.setup(**environment)) == "setup: nothing to do"


@pytest.mark.parametrize("platform", ["Linux aarch64", "Darwin arm64", "Darwin x86_64"])
def test_another_platform_is_refused_before_anything_is_done(tree: Tree, platform: str) -> None:
    (tree.bin / "uname").unlink()
    executable(tree.bin / "uname", f"#!/usr/bin/env bash\necho '{platform}'\n")
    result = tree.setup()
    assert result.returncode == 1
    assert f"this is {platform}: use a container" in last_line(result)
    assert "linux/amd64" in last_line(result)
    assert tree.calls() == []


@pytest.mark.parametrize("step", ["pip sync --python .venv ", "--editable", "venv.*.venv-rasa", "rasa.txt"])
def test_interrupted_it_goes_on_where_it_stopped(tree: Tree, step: str) -> None:
    broken = tree.setup(FAIL=step)
    assert broken.returncode == 1
    assert "error: it broke" in broken.stderr
    before = tree.calls()
    assert last_line(tree.setup()) == "setup: done"
    after = tree.calls()
    # What was finished isn't done again, and what wasn't is.
    finished = any("--editable" in call for call in before) and step != "--editable"
    assert any("--editable" in call for call in after) is not finished
    assert any("rasa.txt" in call for call in after)
    assert last_line(tree.setup()) == "setup: nothing to do"


@pytest.mark.parametrize(
    ("fail", "environment", "taken"),
    [
        ("nothing", {"PIP_FIND_LINKS": "/wheels"}, "PIP_FIND_LINKS"),
        ("--no-index", {"PIP_FIND_LINKS": "/wheels"}, "PyTorch's registry"),
        ("nothing", {}, "PyTorch's registry"),
        ("--torch-backend", {"ENLACE_SETUP_DISK_GB": "0"}, "with CUDA"),
    ],
)
def test_torch_comes_from_the_best_place_there_is(
    tree: Tree, fail: str, environment: dict[str, str], taken: str
) -> None:
    result = tree.setup(FAIL=fail, **environment)
    assert result.returncode == 0, result.stderr
    (said,) = [line for line in result.stderr.splitlines() if "torch==" in line]
    assert taken in said


def test_without_a_cpu_build_the_large_one_is_not_begun_on_a_full_disk(tree: Tree) -> None:
    assert tree.setup().returncode == 0
    (tree.root / "requirements/torch.txt").write_text("torch==9.9.9\n", encoding="utf-8")
    result = tree.setup(FAIL="--torch-backend", ENLACE_SETUP_DISK_GB="100000")
    assert result.returncode == 1
    assert "torch with CUDA" in last_line(result)
    assert "make room" in last_line(result)


def test_the_registry_out_of_reach(tree: Tree) -> None:
    result = tree.setup(FAIL="requirements")
    assert result.returncode == 1
    assert "the package registry is out of reach: check the network" in last_line(result)


def test_a_package_that_fails_is_not_blamed_on_the_network(tree: Tree) -> None:
    result = tree.setup(FAIL="requirements/rasa.txt")
    assert result.returncode == 1
    assert "out of reach" not in result.stderr
    assert "for the reason above" in last_line(result)


def test_no_disk(tree: Tree) -> None:
    result = tree.setup(ENLACE_SETUP_DISK_GB="100000")
    assert result.returncode == 1
    assert re.search(r"needs about 100000 GB of free disk, and here are \d+ GB: make room", last_line(result))
    assert tree.calls() == []


@pytest.mark.parametrize("shim", [None, BROKEN_SHIM], ids=["none", "pyenv-shim"])
def test_no_python_for_rasa(tree: Tree, shim: str | None) -> None:
    (tree.bin / "python3.10").unlink()
    if shim:
        executable(tree.bin / "python3.10", shim)
    result = tree.setup()
    assert result.returncode == 1
    assert "no Python 3.10, which Rasa needs" in last_line(result)
    assert "pyenv install 3.10" in last_line(result)
    # Before anything is made or downloaded.
    assert tree.calls() == []


def test_an_interpreter_of_pyenv_is_found_behind_its_broken_shim(tree: Tree) -> None:
    (tree.bin / "python3.10").rename(tree.bin.parent / "real")
    executable(tree.bin / "python3.10", BROKEN_SHIM)
    real = tree.root / ".pyenv/versions/3.10.13/bin/python3.10"
    real.parent.mkdir(parents=True)
    (tree.bin.parent / "real").rename(real)
    assert tree.setup().returncode == 0
    assert (tree.root / ".venv-rasa/bin/python").readlink() == real


def test_an_interpreter_that_uv_downloaded_before_is_found(tree: Tree) -> None:
    real = tree.root / ".tools/python/cpython-3.10/bin/python3.10"
    real.parent.mkdir(parents=True)
    (tree.bin / "python3.10").rename(real)
    assert tree.setup().returncode == 0
    assert (tree.root / ".venv-rasa/bin/python").exists()
    assert last_line(tree.setup()) == "setup: nothing to do"


def test_a_missing_interpreter_is_downloaded_where_that_is_allowed(tree: Tree) -> None:
    (tree.bin / "python3.10").unlink()
    result = tree.setup(UV_PYTHON_DOWNLOADS="automatic", FAIL="python install")
    assert tree.calls() == ["python install --quiet --no-bin 3.10"]
    assert "no Python 3.10" in last_line(result)


def test_no_python_for_the_app(tree: Tree) -> None:
    (tree.bin / "python3.11").unlink()
    result = tree.setup()
    assert result.returncode == 1
    assert "no Python 3.11 or newer" in last_line(result)


def test_a_newer_python_will_do_for_the_app(tree: Tree) -> None:
    (tree.bin / "python3.11").unlink()
    tree.python("3.13", ">= (3, 11)")
    assert tree.setup().returncode == 0
    assert (tree.root / ".venv/bin/python").readlink() == tree.bin / "python3.13"


@pytest.mark.parametrize(
    ("name", "wanted"), [("ENLACE_SETUP_APP_PYTHON", "3.11 or newer"), ("ENLACE_SETUP_RASA_PYTHON", "3.10")]
)
def test_an_interpreter_that_was_named_wrongly(tree: Tree, name: str, wanted: str) -> None:
    result = tree.setup(**{name: os.devnull})
    assert result.returncode == 1
    assert f"{name}={os.devnull} isn't a Python {wanted}" in last_line(result)


def test_the_real_interpreters_conditions_are_python(tree: Tree) -> None:
    # The stand-ins only compare words; this one interpreter is real, and is what runs the tests.
    result = tree.setup(ENLACE_SETUP_APP_PYTHON=sys.executable, ENLACE_SETUP_RASA_PYTHON=sys.executable)
    assert f"ENLACE_SETUP_RASA_PYTHON={sys.executable} isn't a Python 3.10" in last_line(result)
    assert "ENLACE_SETUP_APP_PYTHON" not in result.stderr
