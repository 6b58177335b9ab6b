"""Rasa from the app's side: its process, if it is ours to run, and the client that hands it a turn."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
import os
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import aiohttp

from bot.encoder import Vectors
from bot.nlu.variables import FIXED, PARENT, blas_core
from bot.problems import StartError
from bot.replies import Say
from bot.settings import ROOT

log = logging.getLogger(__name__)

START_S = 180.0
"""How long to wait for Rasa at the start."""
_STOP_S = 8.0
_LOOK_S = 0.1


class RasaError(StartError):
    """Rasa is down, hangs, or answered with a failure; the message says which, and no word of a resident."""


def environment(**extra: str) -> dict[str, str]:
    """The environment of a Rasa that this process starts and that ends with it, stock Rasa's, too."""
    return {
        **blas_core(),
        **{key: value for key, value in os.environ.items() if not key.startswith("ENLACE_")},
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        PARENT: str(os.getpid()),
        **FIXED,
        **extra,
    }


def free_port() -> int:
    """A loopback port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RasaClient:
    """Hands turns to Rasa."""

    def __init__(self, url: str, token: str, timeout_s: float) -> None:
        """`timeout_s` bounds one turn."""
        self._url = f"{url.rstrip('/')}/webhooks/enlace"
        self._headers = {"x-enlace-token": token}
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None

    def _http(self) -> aiohttp.ClientSession:
        # A session belongs to the event loop that runs when it is made. aiohttp and not httpx: 5 ms less in each turn.
        if self._session is None:
            self._session = aiohttp.ClientSession(headers=self._headers, timeout=self._timeout)
        return self._session

    async def turn(
        self, conversation: str, text: str, metadata: Mapping[str, Any], vector: Vectors | None
    ) -> list[Say]:
        """What to say to `text`; raises RasaError, also where Rasa says nothing at all."""
        data = dict(metadata)
        if vector is not None:
            data["vector"] = base64.b64encode(vector.astype("<f4").tobytes()).decode()
        body = {"conversation": conversation, "text": text, "metadata": data}
        try:
            async with self._http().post(f"{self._url}/turn", json=body) as response:
                if response.status != 200:
                    raise RasaError(f"Rasa answered {response.status}")
                says: list[Say] = (await response.json())["say"]
        except TimeoutError as error:
            raise RasaError("Rasa did not answer in time") from error
        except (TypeError, KeyError) as error:
            raise RasaError("Rasa answered what no action says") from error
        except (aiohttp.ClientError, ValueError) as error:
            raise RasaError(f"Rasa can't be reached: {type(error).__name__}") from error
        if not says:
            raise RasaError("Rasa had nothing to say")
        return says

    async def forget(self, conversation: str) -> None:
        """Delete Rasa's tracker of a conversation; raises RasaError."""
        try:
            async with self._http().post(f"{self._url}/forget", json={"conversation": conversation}) as response:
                response.raise_for_status()
        except (TimeoutError, aiohttp.ClientError) as error:
            raise RasaError(f"the tracker could not be deleted: {type(error).__name__}") from error

    async def ready(self) -> bool:
        """Whether Rasa answers and has its model."""
        try:
            async with self._http().get(f"{self._url}/", timeout=aiohttp.ClientTimeout(total=2)) as response:
                return response.status == 200
        except (TimeoutError, aiohttp.ClientError):
            return False

    async def wait_ready(self, remedy: str) -> None:
        """Wait until it is; raises RasaError with what to do if it isn't within three minutes."""
        deadline = time.monotonic() + START_S
        while not await self.ready():
            if time.monotonic() > deadline:
                raise RasaError(f"Rasa did not answer within {START_S:.0f} s; {remedy}")
            await asyncio.sleep(0.2)

    async def close(self) -> None:
        """Close the connections."""
        if self._session:
            await self._session.close()


class RasaProcess:
    """A Rasa of our own on a loopback port: started, watched, started again if it dies, stopped."""

    def __init__(self, python: Path, model: Path, port: int, env: dict[str, str], log_file: Path) -> None:
        """`python`: Rasa's interpreter; `model`: what `enlace train` made."""
        self.url = f"http://127.0.0.1:{port}"
        self._command = [
            *(str(python), "-m", "bot.nlu.command", "run", "--model", str(model)),
            *("--interface", "127.0.0.1", "--port", str(port)),
            *("--credentials", str(ROOT / "credentials.yml"), "--endpoints", str(ROOT / "endpoints.yml")),
        ]
        self._env = env
        self._log_file = log_file
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it; returns at once, `wait_ready` waits. Raises RasaError if there is no such interpreter, and
        OSError if its log can't be written.
        """
        self._log_file.parent.mkdir(parents=True, exist_ok=True)
        with self._open_log() as output:
            try:
                self._spawn(output)
            except OSError as error:
                raise RasaError(
                    f"Rasa can't be started: {error.strerror} ({self._command[0]}): run `make setup`"
                ) from error
        self._watcher = asyncio.create_task(self._watch())

    def _open_log(self) -> IO[bytes]:
        return self._log_file.open("ab")

    def _spawn(self, output: IO[bytes]) -> None:
        # Not by the event loop: uvloop's way to fork waits for Python's import lock, and holds logging's meanwhile. The
        # thread that imports the encoder may hold the one and wait for the other, and then nothing goes on.
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=self._env,
            cwd=ROOT,
            # A Ctrl-C in the terminal goes to the app, which stops Rasa in order.
            start_new_session=True,
        )

    async def _watch(self) -> None:
        pause = 1.0
        while self._process is not None:
            started = time.monotonic()
            code = await _ended(self._process)
            log.error("Rasa ended with code %s; starting it again in %.0f s (its log: %s)", code, pause, self._log_file)
            await asyncio.sleep(pause)
            pause = 1.0 if time.monotonic() - started > 120 else min(pause * 2, 60)
            while not self._spawned():
                await asyncio.sleep(pause)
                pause = min(pause * 2, 60)

    def _spawned(self) -> bool:
        try:
            with self._open_log() as output:
                self._spawn(output)
        except OSError as error:
            log.error("Rasa can't be started: %s (%s); it is tried again", error.strerror, error.filename)
            return False
        return True

    async def wait_ready(self, client: RasaClient) -> None:
        """Wait until it answers; raises RasaError."""
        await client.wait_ready(f"its log is {self._log_file}")

    async def stop(self) -> None:
        """Stop it, by force if it takes longer than a few seconds."""
        if self._watcher:
            self._watcher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watcher
        process, self._process = self._process, None
        if process and process.poll() is None:
            process.terminate()
            try:
                await asyncio.wait_for(_ended(process), _STOP_S)
            except TimeoutError:
                process.kill()
                await _ended(process)


async def _ended(process: subprocess.Popen[bytes]) -> int:
    """Its exit code, once it has ended."""
    while (code := process.poll()) is None:  # noqa: ASYNC110 - only the operating system tells
        await asyncio.sleep(_LOOK_S)
    return code
