"""`enlace serve` and `enlace train`."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import functools
import logging
import os
import resource
import signal
import socket
import sys
import time
from typing import Annotated

import typer

from bot.cli.terminal import address, fail, load_settings, say

_BACKLOG = 2048
"""Connections that wait to be taken, as many as uvicorn has."""


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
) -> None:
    """Start the app and Rasa; print the address when both answer; stop both on Ctrl-C.

    Example: enlace serve --port 8080
    """
    started = time.monotonic()
    # Each open chat is a file, and 1,024 is what a process usually gets without asking.
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    settings = load_settings(host=host, port=port)
    listener = listen(settings.host, settings.port)
    page = address(settings.host, listener.getsockname()[1]) + ("/demo" if settings.demo else "")

    import uvicorn

    from bot.app import create_app

    log_to_stderr(settings.log_level)

    class Server(uvicorn.Server):
        """Says where it listens once everything answers, and can be stopped before that."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            stopping = asyncio.create_task(self._stop_early())
            with contextlib.suppress(SystemExit):  # uvicorn's, where the app did not start
                await super().startup(sockets)
            if stopping.done():
                say("stopped")
                # Threads that train or load a model go on for minutes, and Python would wait for them.
                os._exit(0)
            stopping.cancel()
            if not self.started:
                raise SystemExit
            say(f"ready in {time.monotonic() - started:.0f} s: open {page} (Ctrl-C stops it)")

        async def _stop_early(self) -> None:
            while not (self.should_exit and app.state.starting):  # noqa: ASYNC110 - a signal's handler only sets it
                await asyncio.sleep(0.1)
            say("stopping")
            app.state.starting.cancel()

    app = create_app(settings, say)
    # A sentence that says what to do stands alone, without the traceback that uvicorn would print above it.
    logging.getLogger("uvicorn.error").addFilter(lambda _: app.state.problem is None)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
        log_config=None,
    )
    server = Server(config)
    # Once all is stopped uvicorn raises the signal anew, and by default SIGTERM would end the process there.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt, SystemExit):
        server.run(sockets=[listener])
    if not server.started:
        fail(app.state.problem or "it did not start; the reason is above", code=1)
    say("stopped")


def log_to_stderr(level: str) -> None:
    """Log what Enlace says from `level` up, and of the libraries warnings alone.

    Below that some write, word for word, what is sent and stored.
    """
    from bot.database.outage import outage

    quiet = "ERROR" if level == "ERROR" else "WARNING"
    logging.basicConfig(level=quiet, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    for handler in logging.getLogger().handlers:
        handler.addFilter(outage)
    for name in ("bot", "actions"):
        logging.getLogger(name).setLevel(level)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; says why and ends the command where that can't be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # Now, not once everything is there: until somebody listens, another one may bind to the same port.
        listener.listen(_BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            fail(f"port {port} is taken: stop what uses it, or choose another with ENLACE_PORT={port + 1} or --port")
        if error.errno == errno.EACCES:
            fail(f"port {port} needs an administrator: choose one above 1023 with ENLACE_PORT or --port")
        fail(f"can't listen on {host}:{port}: {error.strerror}")
    return listener


def train() -> None:
    """Train Rasa and build the search index on the present data, as far as that hasn't been done.

    Example: enlace train
    """
    from bot import training
    from bot.content.library import load
    from bot.content.yamlfile import ContentError
    from bot.encoder import Encodes, for_training

    settings = load_settings()
    started = time.monotonic()

    def encoder() -> Encodes:
        say("train: making sentence vectors")
        return for_training(settings.encoder_model)

    def vectors(done: int, total: int) -> None:
        say(f"train: {done} of {total} vectors")

    try:
        library = load(settings.data_dir)
        new = not training.whole(training.model_path(settings, library))
        if new:
            say("train: Rasa, the search index and the safety net are due (a minute or two)")
        cache = training.vector_cache(settings, functools.cache(encoder))
        path = training.train(settings, library, cache, vectors)
        if not new:
            say("train: the model is there; what search and the safety net learn is made anew if it isn't")
            training.index_and_net(settings, library, cache, vectors)
        done = f"{path} made in {time.monotonic() - started:.0f} s" if new else f"{path} is current"
        say(f"train: {done}")
    except (ContentError, training.TrainingError) as error:
        fail(str(error))
