"""The door between the app and Rasa: a turn in, what to say out, and no failure hidden.

Rasa's REST channel swallows every exception (200 with `[]`) and logs the resident's text. This one answers 500 with
the kind of error, and logs no word of the message. It also forgets a conversation when asked.
"""

from __future__ import annotations

import hmac
import logging
import os
from collections.abc import Awaitable, Callable
from typing import Any

from rasa.core.channels.channel import CollectingOutputChannel, InputChannel, UserMessage
from rasa.core.tracker_store import AwaitableTrackerStore, FailSafeTrackerStore, TrackerStore
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from bot.nlu.tracker_store import MemoryTrackerStore
from bot.nlu.validator import compile_once

logger = logging.getLogger(__name__)

TOKEN = "ENLACE_RASA_TOKEN"  # noqa: S105 - the name of an environment variable


class EnlaceInput(InputChannel):
    """POST /webhooks/enlace/turn and /webhooks/enlace/forget, for the app alone."""

    def __init__(self, token: str) -> None:
        """`token`: the secret that the app sends; loopback is not a boundary between users of one machine."""
        self._token = token

    @classmethod
    def name(cls) -> str:
        """The part of the address after /webhooks/."""
        return "enlace"

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> InputChannel:
        """Rasa's contract; the token comes from the environment."""
        compile_once()
        return cls(os.environ[TOKEN])

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """Rasa's contract: the routes."""
        routes = Blueprint("enlace_channel")

        @routes.middleware("request")
        async def check_token(request: Request) -> HTTPResponse | None:
            if not hmac.compare_digest(request.headers.get("x-enlace-token", ""), self._token):
                return response.json({"error": "token"}, status=401)
            return None

        @routes.get("/")
        async def health(request: Request) -> HTTPResponse:
            agent = request.app.ctx.agent
            ready = agent is not None and agent.is_ready()
            return response.json({"ready": ready}, status=200 if ready else 503)

        @routes.post("/turn")
        async def turn(request: Request) -> HTTPResponse:
            body = request.json
            output = CollectingOutputChannel()
            message = UserMessage(
                body["text"],
                output,
                body["conversation"],
                input_channel=self.name(),
                metadata=body["metadata"],
            )
            try:
                await on_new_message(message)
            except Exception as error:  # whatever Rasa raises, the app has to hear of it
                logger.error("a turn failed: %s", type(error).__name__)
                return response.json({"error": type(error).__name__}, status=500)
            return response.json({"say": [item["custom"] for item in output.messages if "custom" in item]})

        @routes.post("/forget")
        async def delete(request: Request) -> HTTPResponse:
            # The id comes in the body: Sanic may log an address.
            forget(request.app.ctx.agent.tracker_store, request.json["conversation"])
            return response.json({"deleted": True})

        return routes


def forget(store: TrackerStore, conversation: str) -> None:
    """Delete all that the store has of a conversation; raises TypeError if it isn't ours: Rasa 3.6 can't delete."""
    while isinstance(store, (AwaitableTrackerStore, FailSafeTrackerStore)):
        store = store._tracker_store
    if not isinstance(store, MemoryTrackerStore):
        raise TypeError(f"no way known to delete a tracker from {type(store).__name__}: see endpoints.yml")
    store.forget(conversation)
