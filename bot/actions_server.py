"""Rasa's action server: rasa_sdk's executor on a loopback port of its own, inside the app's process."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from rasa_sdk import Action
from rasa_sdk.executor import ActionExecutor
from rasa_sdk.interfaces import ActionExecutionRejection, ActionNotFoundException

from bot.problems import StartError, kind_and_place, reason

log = logging.getLogger(__name__)


# It warns of each form whose slots need no validation of ours.
logging.getLogger("rasa_sdk.forms").setLevel(logging.ERROR)


class EmbeddedServer(uvicorn.Server):
    """A uvicorn that leaves the signals to the one it lives with."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing to capture."""
        yield


class ActionServer:
    """Runs the actions that Rasa asks for."""

    def __init__(self, port: int, token: str) -> None:
        """`port` 0 takes a free one; `token` is what Rasa has to send. Raises StartError."""
        try:
            self._socket = socket.create_server(("127.0.0.1", port))
        except OSError as error:
            raise StartError(
                f"port {port}, where Rasa reaches the actions, can't be used ({reason(error)}): stop what uses it, or "
                "choose another with ENLACE_ACTIONS_PORT"
            ) from error
        self._token = token
        self._executor = ActionExecutor()
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/webhook"

    def serve(self, actions: Sequence[Action]) -> None:
        """Take these actions; until then Rasa is told that there are none."""
        for action in actions:
            self._executor.register_action(action)

    @contextlib.asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Listen until the context ends."""
        config = uvicorn.Config(self._app(), log_level="error", access_log=False, lifespan="off", log_config=None)
        server = EmbeddedServer(config)
        task = asyncio.create_task(server.serve(sockets=[self._socket]))
        try:
            yield
        finally:
            server.should_exit = True
            await task

    def _app(self) -> FastAPI:
        app = FastAPI(openapi_url=None)

        @app.post("/webhook")
        async def webhook(request: Request) -> Response:
            if not hmac.compare_digest(request.query_params.get("token", ""), self._token):
                return Response(status_code=401)
            call: dict[str, Any] = await request.json()
            # Rasa 3.6 sends the domain only to actions that ask for it (endpoints.yml); the SDK insists on having one.
            call.setdefault("domain", {})
            try:
                result = await self._executor.run(call)
            except ActionExecutionRejection as error:
                return JSONResponse({"error": error.message, "action_name": error.action_name}, 400)
            except ActionNotFoundException as error:
                return JSONResponse({"error": error.message, "action_name": error.action_name}, 404)
            except Exception as error:  # no trace in the log: its values could be a resident's words
                log.error("the action %s failed: %s", call.get("next_action"), kind_and_place(error))
                return JSONResponse({"error": type(error).__name__}, 500)
            return JSONResponse(result.model_dump() if result else {})

        return app
