"""Guards the locks, the Makefile's list and the example settings: what a newcomer meets before any code runs."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "requirements"
LOCKS = ["app", "dev", "rasa"]
PIN = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[0-9][0-9a-z.+!]*)")


def pins(name: str) -> dict[str, str]:
    """Package to version, of a lock file in which every line has to be a pin."""
    lines = (REQUIREMENTS / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    matches = [PIN.fullmatch(line) for line in lines]
    assert all(matches), [line for line, match in zip(lines, matches, strict=True) if not match]
    return {match["name"]: match["version"] for match in matches if match}


def inputs(name: str) -> set[str]:
    """The packages that an .in file asks for, in the spelling of the locks."""
    lines = (REQUIREMENTS / f"{name}.in").read_text(encoding="utf-8").splitlines()
    words = (re.match(r"[A-Za-z0-9._-]+", line) for line in lines if not line.startswith("-r"))
    return {re.sub(r"[._-]+", "-", word[0]).lower() for word in words if word}


def tracked() -> list[Path]:
    """The files of the tree: in the repository, or new and not ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for name in listing.stdout.split("\0") if name and (path := ROOT / name).is_file()]


@pytest.mark.parametrize("name", [*LOCKS, "torch", "uv", "build"])
def test_every_line_of_a_lock_pins_one_version(name: str) -> None:
    assert pins(name)


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_brings_no_torch_and_no_cuda(name: str) -> None:
    assert not [package for package in pins(name) if re.match(r"torch|triton|nvidia-|cuda-", package)]


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_all_that_its_input_asks_for(name: str) -> None:
    assert inputs(name) - {"torch"} <= set(pins(name))


def test_the_tests_run_on_the_versions_that_an_installation_has() -> None:
    assert pins("app").items() <= pins("dev").items()


def test_the_editable_install_finds_its_build_backend_in_the_environment() -> None:
    # scripts/setup installs the package without build isolation, so that it needs no network for that.
    required = re.search(r'"setuptools>=(\d+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert required
    assert int(pins("app")["setuptools"].split(".")[0]) >= int(required[1])


def test_help_lists_every_target_with_what_it_is_for() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    documented = set(re.findall(r"^([a-z-]+):.*## ", makefile, flags=re.MULTILINE))
    listing = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    listed = dict(re.findall(r"^  make ([a-z-]+) +(\S.*)$", listing, flags=re.MULTILINE))
    phony = set(re.findall(r"^\.PHONY: ([a-z-]+)$", makefile, flags=re.MULTILINE))
    assert set(listed) == documented == phony - {"tools"}


@pytest.mark.parametrize(
    "target",
    ["run", "setup", "train", "check", "test", "test-fast", "bench", "evaluate", "catalogs", "lock", "clean"],
)
def test_a_target_that_the_documents_name_exists(target: str) -> None:
    dry_run = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False)
    assert dry_run.returncode == 0, dry_run.stderr


def test_every_line_of_the_example_settings_is_a_setting(tmp_path: Path) -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    lines = re.findall(r"^#(ENLACE_\w+=.*)$", example, flags=re.MULTILINE)
    assert lines
    filled_in = tmp_path / "env"
    filled_in.write_text("\n".join(lines), encoding="utf-8")
    names = ("whatsapp_token", "whatsapp_app_secret", "whatsapp_verify_token", "webhook_secret", "rasa_token")
    with pytest.raises(ValidationError, match="is missing"):  # the example leaves every secret empty
        Settings(_env_file=filled_in)
    Settings(_env_file=filled_in, **dict.fromkeys(names, "x" * 32))


def test_the_example_shows_the_defaults() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    shown = dict(re.findall(r"^#ENLACE_(HOST|PORT|ENVIRONMENT|LOG_LEVEL)=(.*)$", example, flags=re.MULTILINE))
    assert shown == {name: str(Settings.model_fields[name.lower()].default) for name in shown}
    assert len(shown) == 4


def test_no_file_names_a_package_registry() -> None:
    # Which registry to use is for whoever runs this to say, in pip's and uv's own settings. Spelt not to find itself.
    hosts = re.compile(rb"(?:pypi|pythonhosted|py" + rb"torch)\.org|--(?:extra-)?index-url|find-links[ =]")
    assert [str(path.relative_to(ROOT)) for path in tracked() if hosts.search(path.read_bytes())] == []
