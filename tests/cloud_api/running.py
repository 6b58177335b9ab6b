"""Runs the server in a thread, on a port of its own, for as long as a test needs it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn

from .cloud import Cloud
from .config import Config
from .server import create_cloud

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Running:
    """A server that runs. Its state belongs to its own thread: read it, and change it by the control API."""

    url: str
    config: Config
    cloud: Cloud


@contextmanager
def running(config: Config | None = None, port: int = 0) -> Iterator[Running]:
    """A server on the loopback interface; port 0 takes a free one."""
    config = config or Config()
    app = create_cloud(config)
    with socket.create_server((HOST, port)) as listening:
        url = f"http://{HOST}:{listening.getsockname()[1]}"
        settings = uvicorn.Config(app, log_level="warning", ws="none", timeout_graceful_shutdown=1)
        server = uvicorn.Server(settings)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        try:
            yield Running(url, config, app.state.cloud)
        finally:
            server.should_exit = True
            thread.join(10)
