"""A real `enlace serve` of its own, with a database of its own, for as long as a benchmark runs."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from bot.rasa import free_port

UNLIMITED = dict.fromkeys(
    ("ENLACE_LIMIT_CONVERSATION", "ENLACE_LIMIT_ADDRESS", "ENLACE_LIMIT_STARTS"), "1000000/second"
)
"""A benchmark sends more, and all of it from one address."""


@dataclass(frozen=True)
class Running:
    """The server's address, its port, its process, and its var folder."""

    url: str
    port: int
    process: psutil.Process
    var_dir: Path


@contextlib.contextmanager
def running() -> Iterator[Running]:
    """Start the server, wait until it is ready, stop it."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, **UNLIMITED, "ENLACE_VAR_DIR": folder, "ENLACE_PORT": str(port), "ENLACE_DEMO": "true"}
        process = subprocess.Popen([sys.executable, "-m", "bot", "serve"], env=env, stderr=subprocess.DEVNULL)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(url, process)
            yield Running(url, port, psutil.Process(process.pid), Path(folder))
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    started = time.monotonic()
    while True:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{url}/ready", trust_env=False).status_code == 200:
                print(f"server ready in {time.monotonic() - started:.0f} s")
                return
        if process.poll() is not None or time.monotonic() - started > 300:
            raise SystemExit("the server did not start: see what `enlace serve` says")
        time.sleep(0.5)


def print_memory(running: Running) -> None:
    """Resident memory of the app and of every process below it."""
    total = 0.0
    print("\n| process | resident MiB |\n| --- | ---: |")
    for process in [running.process, *running.process.children(recursive=True)]:
        mebibytes = process.memory_info().rss / 2**20
        total += mebibytes
        name = "rasa" if "bot.nlu.command" in process.cmdline() else "app"
        print(f"| {name} | {mebibytes:.0f} |")
    print(f"| all | {total:.0f} |")
