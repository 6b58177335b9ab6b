"""Guards `enlace backup`: it copies all, also what is in the log alone, and harms and invents no file."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from bot.__main__ import app
from bot.settings import ROOT

Backup = Callable[..., Result]


@pytest.fixture
def backup(tmp_path: Path) -> Backup:
    """`backup(file, **settings)`: run it on the database of a var folder."""

    def run(file: Path, **settings: str) -> Result:
        environment = {"ENLACE_VAR_DIR": str(tmp_path / "var"), "ENLACE_DATABASE_URL": None} | settings
        return CliRunner().invoke(app, ["backup", str(file)], env=environment)

    return run


def test_a_database_that_is_being_written_is_copied(backup: Backup, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "alone").mkdir()
    file = tmp_path / "alone/copy.db"
    with contextlib.closing(sqlite3.connect(tmp_path / "var/enlace.db")) as served:
        served.execute("PRAGMA journal_mode=WAL")
        served.execute("CREATE TABLE said (words)")
        served.execute("INSERT INTO said VALUES ('hola')")
        served.commit()
        done = backup(file)
        assert (done.exit_code, done.stdout) == (0, f"{file}: {file.stat().st_size} bytes\n"), done.stderr
        served.execute("INSERT INTO said VALUES ('later')")
        served.commit()
    assert [path.name for path in file.parent.iterdir()] == ["copy.db"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with contextlib.closing(sqlite3.connect(file)) as restored:
        assert restored.execute("SELECT words FROM said").fetchall() == [("hola",)]


def test_where_there_is_no_database_none_is_made(backup: Backup, tmp_path: Path) -> None:
    done = backup(tmp_path / "copy.db")
    assert done.exit_code == 1
    assert f"there is no database at {tmp_path / 'var/enlace.db'} (ENLACE_VAR_DIR" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_left(backup: Backup, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    sqlite3.connect(tmp_path / "var/enlace.db").close()
    file = tmp_path / "copy.db"
    file.write_text("an older one", encoding="utf-8")
    done = backup(file)
    assert (done.exit_code, f"{file} is there already" in done.stderr) == (1, True)
    assert file.read_text(encoding="utf-8") == "an older one"


def test_a_backup_that_is_ended_on_its_way_has_not_the_name_of_one(backup: Backup, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    with contextlib.closing(sqlite3.connect(tmp_path / "var/enlace.db")) as database:
        database.execute("CREATE TABLE said (words)")
        database.executemany("INSERT INTO said VALUES (randomblob(?))", [(100_000,)] * 1500)
        database.commit()
    file = tmp_path / "copy.db"
    part = tmp_path / "copy.db.part"
    env = {**os.environ, "ENLACE_VAR_DIR": str(tmp_path / "var")}
    with subprocess.Popen([sys.executable, "-m", "bot", "backup", str(file)], cwd=ROOT, env=env) as process:
        while process.poll() is None and not (part.exists() and part.stat().st_size > 1_000_000):
            time.sleep(0.002)
        process.terminate()
        assert process.wait(20) == -signal.SIGTERM
    assert (file.exists(), part.exists()) == (False, True)
    done = backup(file)
    assert (done.exit_code, f"{part} is there already: a backup that was broken off" in done.stderr) == (1, True)
    part.unlink()
    assert backup(file).exit_code == 0
    with contextlib.closing(sqlite3.connect(file)) as restored:
        assert restored.execute("SELECT count(*) FROM said").fetchall() == [(1500,)]
    assert not part.exists()


def test_what_is_no_database_leaves_no_copy(backup: Backup, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var/enlace.db").write_text("no database " * 100, encoding="utf-8")
    done = backup(tmp_path / "copy.db")
    assert (done.exit_code, "can't be copied (file is not a database)" in done.stderr) == (1, True)
    assert list(tmp_path.glob("copy.db*")) == []


def test_for_postgresql_it_says_what_to_run(backup: Backup, tmp_path: Path) -> None:
    url = "postgresql+asyncpg://enlace:geheim@127.0.0.1:9/enlace"
    done = backup(tmp_path / "dump", ENLACE_DATABASE_URL=url)
    assert done.exit_code == 2
    assert f"umask 077; pg_dump --format=custom --file={tmp_path / 'dump'} enlace" in done.stderr
    assert "geheim" not in done.stderr
