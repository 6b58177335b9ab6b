"""Guards the line of docs/operations.md that backs the database up: it takes all, also what is in the log alone."""

from __future__ import annotations

import contextlib
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

from bot.settings import ROOT


def test_the_documented_line_copies_a_database_that_is_being_written(tmp_path: Path) -> None:
    operations = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    (code,) = re.findall(r'^\.venv/bin/python -c "(.+sqlite3.+)"$', operations, re.MULTILINE)
    (tmp_path / "var").mkdir()
    with contextlib.closing(sqlite3.connect(tmp_path / "var/enlace.db")) as served:
        served.execute("PRAGMA journal_mode=WAL")
        served.execute("CREATE TABLE said (words)")
        served.execute("INSERT INTO said VALUES ('hola')")
        served.commit()
        subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
        served.execute("INSERT INTO said VALUES ('later')")
        served.commit()
    (tmp_path / "alone").mkdir()
    copy = (tmp_path / "FILE").rename(tmp_path / "alone/copy.db")
    with contextlib.closing(sqlite3.connect(copy)) as restored:
        assert restored.execute("SELECT words FROM said").fetchall() == [("hola",)]
