"""Guards a start that can't succeed: one sentence says why and what to do, and nothing is left running."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot.settings import ROOT

WHATSAPP = {f"ENLACE_WHATSAPP_{name}": "x" for name in ("TOKEN", "APP_SECRET", "VERIFY_TOKEN")}


def broken_content(folder: Path) -> dict[str, str]:
    data = shutil.copytree(ROOT / "data", folder / "data")
    with (data / "faq/kent-wa/department.yml").open("a", encoding="utf-8") as profile:
        profile.write("sites: [\n")
    return {"ENLACE_DATA_DIR": str(data)}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (broken_content, "department.yml:"),
        (lambda _: WHATSAPP | {"ENLACE_WHATSAPP_NUMBERS": "1001:nowhere"}, "ENLACE_WHATSAPP_NUMBERS names 'nowhere'"),
    ],
)
def test_what_keeps_it_from_starting_is_one_sentence(tmp_path: Path, settings, said: str) -> None:  # type: ignore[no-untyped-def]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ENLACE_")}
    environment |= {"ENLACE_VAR_DIR": str(tmp_path / "var"), **settings(tmp_path)}
    command = [sys.executable, "-m", "bot", "serve", "--port", "0"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("enlace: ")
    assert said in line


def test_no_level_has_libraries_log_what_is_stored_and_sent() -> None:
    script = """
import logging
from bot.cli.serve import log_to_stderr
log_to_stderr("DEBUG")
logging.getLogger("bot.conversations.turns").debug("of ours")
for library in ("aiosqlite", "sse_starlette.sse", "httpx", "uvicorn.access"):
    logging.getLogger(library).debug("a resident's words")
    logging.getLogger(library).info("a resident's words")
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "of ours" in done.stderr
    assert "words" not in done.stderr
