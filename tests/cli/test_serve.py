"""Guards a start that can't succeed: one sentence says why and what to do, and nothing is left running."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
import re
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psutil
import pytest
from sqlalchemy.exc import OperationalError

from bot.actions_server import ActionServer
from bot.content.yamlfile import ContentError, Problem
from bot.problems import StartError, sentence
from bot.questions import QuestionError
from bot.rasa import free_port
from bot.retrieval.decision import Decision
from bot.settings import ROOT

if TYPE_CHECKING:
    from tests.conftest import Server

WHATSAPP = {f"ENLACE_WHATSAPP_{name}": "x" for name in ("TOKEN", "APP_SECRET", "VERIFY_TOKEN")}


def starting(var_dir: Path, port: str, **settings: str) -> subprocess.Popen[str]:
    """A server of its own that has just been started."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ENLACE_")}
    return subprocess.Popen(
        [sys.executable, "-m", "bot", "serve", "--port", port],
        cwd=ROOT,
        env=environment | {"ENLACE_VAR_DIR": str(var_dir), "PYTHONUNBUFFERED": "1"} | settings,
        stderr=subprocess.PIPE,
        text=True,
    )


def broken_content(folder: Path) -> dict[str, str]:
    data = shutil.copytree(ROOT / "data", folder / "data")
    with (data / "faq/kent-wa/department.yml").open("a", encoding="utf-8") as profile:
        profile.write("sites: [\n")
    return {"ENLACE_DATA_DIR": str(data)}


def broken_line(name: str) -> Callable[[Path], dict[str, str]]:
    def broken(folder: Path) -> dict[str, str]:
        data = shutil.copytree(ROOT / "data", folder / "data")
        with (data / name).open("a", encoding="utf-8") as file:
            file.write("{\n")
        return {"ENLACE_DATA_DIR": str(data)}

    return broken


def no_folder(folder: Path) -> dict[str, str]:
    (folder / "file").touch()
    return {"ENLACE_VAR_DIR": str(folder / "file" / "var")}


def newer(folder: Path) -> dict[str, str]:
    (folder / "var").mkdir()
    with contextlib.closing(sqlite3.connect(folder / "var/enlace.db")) as database:
        database.execute("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        database.execute("INSERT INTO alembic_version VALUES ('from the future')")
        database.commit()
    return {}


def no_database(folder: Path) -> dict[str, str]:
    (folder / "file").write_text("no database " * 100)
    return {"ENLACE_DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'file'}"}


def postgres(port: int) -> Callable[[Path], dict[str, str]]:
    return lambda _: {"ENLACE_DATABASE_URL": f"postgresql+asyncpg://enlace:geheim@127.0.0.1:{port}/enlace"}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (broken_content, "department.yml:"),
        (no_folder, "file/var: Not a directory"),
        (no_database, "can't be used (file is not a database): look whether it is a database"),
        (newer, "the database is one of a newer Enlace"),
        (postgres(9), "PostgreSQL can't be used (Connection refused): look whether it runs"),
        (lambda _: WHATSAPP | {"ENLACE_WHATSAPP_NUMBERS": "1001:nowhere"}, "ENLACE_WHATSAPP_NUMBERS names 'nowhere'"),
    ],
)
def test_what_keeps_it_from_starting_is_one_sentence(tmp_path: Path, settings, said: str) -> None:  # type: ignore[no-untyped-def]
    process = starting(tmp_path / "var", "0", **settings(tmp_path))
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    (line,) = errors.splitlines()
    assert line.startswith("enlace: ")
    assert said in line
    assert "geheim" not in line


@pytest.mark.model
def test_what_is_wrong_with_what_is_learned_has_file_and_line(tmp_path: Path) -> None:
    process = starting(tmp_path / "var", "0", **broken_line("safety/emergencies.jsonl")(tmp_path))
    _, errors = process.communicate(timeout=100)
    assert process.returncode == 1
    assert "Traceback" not in errors
    said = errors.splitlines()[-1]
    assert re.fullmatch(r"enlace: \S+/safety/emergencies.jsonl:\d+: no example with text and class", said)


@pytest.mark.parametrize("text", ["", "alone: {}\n", "[1]\n", "a: {b\n"])
def test_a_decision_that_was_not_calibrated_is_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "decision.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ContentError) as caught:
        Decision.load(path)
    said = str(caught.value)
    assert said.startswith(f"{path}:")
    assert "`enlace calibrate`" in said or "not valid YAML" in said


@pytest.mark.rasa
def test_a_running_one_ends_well_on_sigterm(serve: Callable[..., Server], tmp_path: Path) -> None:
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, allowed[1]), allowed[1]))
    try:
        server = serve(tmp_path / "var")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, allowed)
    assert psutil.Process(server.process.pid).rlimit(psutil.RLIMIT_NOFILE) == (allowed[1], allowed[1])
    children = server.children()
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(30) == 0
    assert psutil.wait_procs(children, timeout=5)[1] == []
    assert server.lines[-1] == "stopped\n"


async def test_the_server_of_the_actions_leaves_the_log_alone() -> None:
    # A handler of our own: pytest takes its own off again whenever it likes.
    logger, handler = logging.getLogger("uvicorn"), logging.NullHandler()
    logger.addHandler(handler)
    try:
        async with ActionServer(0, "token").run():
            assert handler in logger.handlers
    finally:
        logger.removeHandler(handler)


def test_a_port_of_the_actions_that_is_taken_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartError, match=rf"port {port}, .* \(Address already in use\): .*ENLACE_ACTIONS_PORT"):
            ActionServer(port, "token")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/x/y"), "/x/y: the disk is full: make room"),
        (PermissionError(errno.EACCES, "Permission denied", "/x/y"), "/x/y: Permission denied: give the user that"),
        (QuestionError([Problem(Path("q.jsonl"), 3, "no question")]), "q.jsonl:3: no question"),
        (
            OperationalError("SELECT 'a secret'", {}, Exception("the server closed")),
            "database failed: the server closed",
        ),
        (httpx.ConnectError("All connection attempts failed"), "can't be asked (All connection attempts failed): look"),
        (httpx.ReadTimeout(""), "a server can't be asked (ReadTimeout): look at its address"),
        (httpx.InvalidURL("Invalid port: 'x'"), "can't be asked (Invalid port: 'x'): look at its address"),
        (KeyError("a fault of ours"), None),
    ],
)
def test_what_somebody_can_put_right_is_a_sentence(error: Exception, said: str | None) -> None:
    told = sentence(error)
    assert told is None if said is None else said in str(told)
    assert "secret" not in str(told)


def test_a_command_ends_with_that_sentence(tmp_path: Path) -> None:
    for command in (["purge"], ["handoffs"], ["liaison", "list"]):
        done = subprocess.run(
            [sys.executable, "-m", "bot", *command],
            cwd=ROOT,
            env=os.environ | postgres(9)(tmp_path),
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (1, "")
        (line,) = done.stderr.splitlines()
        assert line.startswith("enlace: PostgreSQL can't be used (Connection refused)")


@pytest.mark.model
def test_a_port_on_which_another_one_is_only_starting_is_taken(tmp_path: Path) -> None:
    first = starting(tmp_path / "first", "0", ENLACE_DATABASE_URL=f"sqlite+aiosqlite:///{tmp_path / 'db'}")
    try:
        assert first.stderr
        first.stderr.readline()
        (connection,) = [each for each in psutil.Process(first.pid).net_connections() if each.status == "LISTEN"][:1]
        second = starting(tmp_path / "second", str(connection.laddr.port))
        _, said = second.communicate(timeout=60)
        assert (second.returncode, said.splitlines()) == (2, [said.strip()])
        assert f"port {connection.laddr.port} is taken" in said
    finally:
        first.kill()
        first.communicate()


@pytest.mark.model
@pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGTERM])
def test_a_start_that_is_stopped_ends_at_once_and_leaves_no_process(tmp_path: Path, way: signal.Signals) -> None:
    process = starting(tmp_path, "0")
    try:
        assert process.stderr
        assert process.stderr.readline()  # what it is doing first: its handlers are there
        process.send_signal(way)
        children = psutil.Process(process.pid).children(recursive=True)
        _, said = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 0, said
    assert [line for line in said.splitlines() if "stop" in line] == ["stopping", "stopped"]
    assert "Traceback" not in said
    assert psutil.wait_procs(children, timeout=5)[1] == []


@pytest.mark.model
def test_a_rasa_of_its_own_that_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    port = free_port()
    outside = {"ENLACE_RASA_URL": f"http://127.0.0.1:{port}/", "ENLACE_RASA_TOKEN": "t" * 32}
    process = starting(tmp_path, "0", **outside)
    said = []
    try:
        assert process.stderr
        for line in process.stderr:
            said.append(line)
            if "Rasa" in line:
                break
    finally:
        process.kill()
        process.communicate()
    assert said[-1] == f"no Rasa answers at http://127.0.0.1:{port}/; waiting for one, 180 s at most\n"


def test_a_second_one_on_the_same_database_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    with (tmp_path / "var/enlace.db.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        _, said = starting(tmp_path / "var", "0").communicate(timeout=60)
    assert said == "enlace: another Enlace is running on this database: stop it first\n"


def test_no_level_has_libraries_log_what_is_stored_and_sent() -> None:
    script = """
import logging
from bot.cli.serve import log_to_stderr
log_to_stderr("DEBUG")
logging.getLogger("bot.turns.turns").debug("of ours")
for library in ("aiosqlite", "sse_starlette.sse", "httpx", "uvicorn.access"):
    logging.getLogger(library).debug("a resident's words")
    logging.getLogger(library).info("a resident's words")
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "of ours" in done.stderr
    assert "words" not in done.stderr
