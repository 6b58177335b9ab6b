"""Guards `enlace --version`, and that there is one version: that of pyproject.toml."""

from __future__ import annotations

import subprocess
import sys

import tomllib
from typer.testing import CliRunner

from bot.__main__ import app
from bot.app import create_app
from bot.settings import ROOT, Settings


def test_there_is_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    done = CliRunner().invoke(app, ["--version"])
    assert (done.exit_code, done.output) == (0, f"{project['version']}\n")
    assert create_app(Settings()).version == project["version"]


def test_a_command_loads_nothing_that_it_does_not_need() -> None:
    heavy = ["argon2", "fastapi", "numpy", "sqlalchemy", "bot.content.library", "bot.liaisons.accounts"]
    code = f"import sys, bot.__main__; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
