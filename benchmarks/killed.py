"""An app that is killed and started again, beside a Rasa that stays: starting Rasa takes longer than all the rest."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from benchmarks.server import UNLIMITED
from bot.rasa import free_port


class App:
    """`enlace serve` with a database of its own, at one address however often it is killed."""

    def __init__(self, var_dir: Path, settings: Mapping[str, str]) -> None:
        """`settings` name the Rasa."""
        self.var_dir = var_dir
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        self._settings = {"ENLACE_VAR_DIR": str(var_dir), "ENLACE_PORT": str(self.port), **UNLIMITED, **settings}

    async def start(self, **settings: str) -> None:
        """Start it, and wait until it is ready."""
        self._settings |= settings
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bot", "serve"],
            env=os.environ | self._settings,
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        async with httpx.AsyncClient(trust_env=False) as client:
            while self._process.poll() is None:
                try:
                    if (await client.get(f"{self.url}/ready", timeout=5)).status_code == 200:
                        return
                except httpx.HTTPError:
                    await asyncio.sleep(0.05)
        raise SystemExit("the server did not start: see what `enlace serve` says")

    def kill(self) -> None:
        """End it as a loss of power does."""
        assert self._process, "it was started"
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """End it as Ctrl-C does, if it runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(30)


@asynccontextmanager
async def app() -> AsyncIterator[App]:
    """An app that is not started yet, and its Rasa that is; both end with the block."""
    from bot.content.library import load
    from bot.rasa import RasaClient, RasaProcess, environment
    from bot.settings import Settings
    from bot.training import model_path

    actions, token, settings = free_port(), "t" * 40, Settings()
    with tempfile.TemporaryDirectory() as folder:
        var_dir = Path(folder)
        env = environment(ENLACE_RASA_TOKEN=token, ENLACE_ACTIONS_URL=f"http://127.0.0.1:{actions}/webhook")
        model = model_path(settings, load(settings.data_dir))
        rasa = RasaProcess(settings.rasa_python, model, free_port(), env, var_dir / "rasa.log")
        await rasa.start()
        try:
            client = RasaClient(rasa.url, token, 6)
            await rasa.wait_ready(client)
            await client.close()
            app = App(
                var_dir,
                {
                    "ENLACE_RASA_URL": rasa.url,
                    "ENLACE_RASA_TOKEN": token,
                    "ENLACE_ACTIONS_PORT": str(actions),
                },
            )
            try:
                yield app
            finally:
                app.stop()
        finally:
            await rasa.stop()
