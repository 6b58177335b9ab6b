"""Guards the start of Rasa's process, and that whatever Rasa answers but something to say is an error of one kind."""

from __future__ import annotations

import _imp
import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import uvloop
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.nlu.variables import FIXED, blas_core
from bot.problems import sentence
from bot.rasa import RasaClient, RasaError, RasaProcess, environment

SOON = 5
"""Seconds within which it has to have started."""


def test_it_starts_while_a_thread_imports(tmp_path: Path) -> None:
    program = tmp_path / "rasa"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    process = RasaProcess(program, Path("model"), 1, {}, tmp_path / "rasa.log")
    importing, started, over = threading.Event(), threading.Event(), threading.Event()

    def import_something() -> None:
        _imp.acquire_lock()
        importing.set()
        over.wait(4 * SOON)
        _imp.release_lock()

    async def start_and_stop() -> None:
        await process.start()
        started.set()
        over.wait(4 * SOON)
        await process.stop()

    threads = [threading.Thread(target=import_something), threading.Thread(target=lambda: uvloop.run(start_and_stop()))]
    threads[0].start()
    importing.wait()
    threads[1].start()
    in_time = started.wait(SOON)
    over.set()
    for thread in threads:
        thread.join()
    assert in_time


@pytest.mark.parametrize(
    ("flags", "core"),
    [
        ("fpu sse2 avx2 fma avx512f avx512cd avx512bw avx512dq avx512vl", "SkylakeX"),
        ("fpu sse2 avx2 fma avx512f", "Haswell"),
        ("fpu sse2", None),
    ],
)
def test_numpy_in_rasa_is_told_what_the_processor_can(tmp_path: Path, flags: str, core: str | None) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor: 0\nflags\t\t: {flags}\n\nprocessor: 1\n", encoding="ascii")
    assert blas_core(cpuinfo).get("OPENBLAS_CORETYPE") == core
    assert blas_core(tmp_path / "none") == {}


@pytest.mark.parametrize(
    ("parent", "code", "said"),
    [("", 0, "goes on"), (str(os.getpid()), 0, "goes on"), (str(os.getppid()), 1, "ends, too")],
    ids=["somebody else started it", "the app did", "the app has ended"],
)
def test_rasa_goes_on_only_below_the_app_that_started_it(parent: str, code: int, said: str) -> None:
    script = "from bot.nlu.command import end_with_parent; end_with_parent(); print('goes on')"
    given = {key: value for key, value in environment().items() if key != "ENLACE_PARENT"}
    given |= {"ENLACE_PARENT": parent} if parent else {}
    done = subprocess.run([sys.executable, "-c", script], env=given, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert said in done.stdout + done.stderr


def test_no_variable_of_the_app_has_rasa_log_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    monkeypatch.setenv("ENLACE_SECRET_KEY", "k" * 32)
    given = environment()
    assert given.items() >= FIXED.items()
    assert given["ENLACE_PARENT"] == str(os.getpid())
    assert "ENLACE_SECRET_KEY" not in given


@pytest.fixture
async def answers() -> AsyncIterator[list[str]]:
    """What a server in Rasa's place answers: its address, then a status and a body that a test puts after it."""
    answers: list[str] = []

    async def turn(request: web.Request) -> web.Response:
        _, status, body = answers
        if status == "hangs":
            await asyncio.sleep(10)
        return web.Response(status=int(status), text=body, content_type="application/json")

    app = web.Application()
    app.router.add_post("/webhooks/enlace/turn", turn)
    server = TestServer(app)
    await server.start_server()
    answers.append(str(server.make_url("")).rstrip("/"))
    yield answers
    await server.close()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        ("200", "[]"),
        ("200", "{}"),
        ("200", '{"say": []}'),
        ("200", "null"),
        ("200", "<html>"),
        ("500", '{"say": [{"say": "answer"}]}'),
        ("hangs", ""),
    ],
)
async def test_what_is_nothing_to_say_is_an_error(answers: list[str], status: str, body: str) -> None:
    answers += [status, body]
    client = RasaClient(answers[0], "token", 0.2)
    with pytest.raises(RasaError):
        await client.turn("c", "hola", {}, None)
    await client.close()


async def test_a_rasa_that_is_not_there_is_an_error() -> None:
    client = RasaClient("http://127.0.0.1:9", "token", 0.2)
    with pytest.raises(RasaError):
        await client.turn("c", "hola", {}, None)
    await client.close()


async def test_no_interpreter_is_said_with_the_remedy(tmp_path: Path) -> None:
    process = RasaProcess(tmp_path / "none", Path("model"), 1, {}, tmp_path / "rasa.log")
    with pytest.raises(RasaError, match="make setup"):
        await process.start()


async def test_a_log_that_cannot_be_written_is_not_blamed_on_the_interpreter(tmp_path: Path) -> None:
    (tmp_path / "rasa.log").mkdir()
    process = RasaProcess(Path(sys.executable), Path("model"), 1, {}, tmp_path / "rasa.log")
    with pytest.raises(IsADirectoryError) as caught:
        await process.start()
    assert sentence(caught.value) == f"{tmp_path / 'rasa.log'}: Is a directory"


async def test_a_slash_at_the_end_of_its_address_changes_nothing(answers: list[str]) -> None:
    answers += ["200", '{"say": [{"say": "answer"}]}']
    client = RasaClient(f"{answers[0]}/", "token", 5)
    assert await client.turn("c", "hola", {}, None) == [{"say": "answer"}]
    await client.close()


async def test_a_rasa_that_cannot_be_started_again_is_tried_until_it_can(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    program, started = tmp_path / "rasa", tmp_path / "started"
    process = RasaProcess(program, Path("model"), 1, {"PATH": "/usr/bin:/bin"}, tmp_path / "rasa.log")

    def write(then: str) -> None:
        program.write_text(f"#!/bin/sh\necho >> {started}\n{then}\n")
        program.chmod(0o755)

    async def until(said: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not said():  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    write("exit 1")
    await process.start()
    await until(started.exists)
    program.unlink()  # as while the environment is being set up anew
    await until(lambda: "can't be started" in caplog.text)
    write("exec sleep 60")
    await until(lambda: len(started.read_text().splitlines()) == 2)
    await process.stop()
