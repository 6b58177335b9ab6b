"""A local Cloud API and a receiver of its webhooks, in one process."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, Response

from .cloud import Cloud
from .config import JSON, Config, Number
from .server import create_cloud

ROSA = "15550142"


@dataclass
class Receiver:
    """What came to the callback, and how it answers: the next statuses, then 200."""

    verify_token: str
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    @property
    def changes(self) -> list[JSON]:
        """The changes of all webhooks that came."""
        return [change for body in self.bodies for entry in json.loads(body)["entry"] for change in entry["changes"]]

    def each(self, key: str) -> list[JSON]:
        """All `messages`, `statuses` or `contacts` that came."""
        return [item for change in self.changes for item in change["value"].get(key, [])]

    def app(self) -> FastAPI:
        """The callback."""
        app = FastAPI()

        @app.get("/hook")
        async def verify(request: Request) -> Response:
            query = request.query_params
            if query["hub.mode"] != "subscribe" or query["hub.verify_token"] != self.verify_token:
                return Response(status_code=403)
            return Response(query["hub.challenge"])

        @app.post("/hook")
        async def receive(request: Request) -> Response:
            self.bodies.append(await request.body())
            self.headers.append(dict(request.headers))
            return Response(status_code=self.answers.pop(0) if self.answers else 200)

        return app


@dataclass
class Api:
    """A client of the server, and its parts."""

    client: httpx.AsyncClient
    cloud: Cloud
    receiver: Receiver

    async def send(self, body: JSON, number: str = "1001", **rest: Any) -> httpx.Response:
        """Send a message to Rosa, or as `body` has it."""
        whole = {"messaging_product": "whatsapp", "to": ROSA} | body
        headers = {"Authorization": f"Bearer {self.cloud.config.token}"}
        return await self.client.post(f"/v24.0/{number}/messages", json=whole, headers=headers, **rest)

    async def get(self, path: str, token: str | None = None, **query: Any) -> httpx.Response:
        """Read a node."""
        headers = {"Authorization": f"Bearer {token or self.cloud.config.token}"}
        return await self.client.get(f"/v24.0/{path}", params=query, headers=headers)

    async def post(self, path: str, body: JSON, token: str | None = None) -> httpx.Response:
        """Write to a node that isn't `/messages`."""
        headers = {"Authorization": f"Bearer {token or self.cloud.config.token}"}
        return await self.client.post(f"/v24.0/{path}", json=body, headers=headers)

    async def control(self, path: str, body: JSON | None = None) -> Any:
        """A call of the control API that has to work."""
        answer = await self.client.post(f"/_control/{path}", json=body or {})
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def settle(self) -> Receiver:
        """Wait until every webhook has come; returns the receiver."""
        assert (await self.client.get("/_control/idle")).json() == {"idle": True}
        return self.receiver

    async def say(self, user: str = ROSA, **what: Any) -> str:
        """Have a user do something; returns the message's id."""
        found: str = (await self.control(f"users/{user}/say", what))["id"]
        return found


@pytest.fixture(scope="session")
async def one_api() -> AsyncIterator[Api]:
    """A server with two numbers, for all tests: to make one takes longer than most of them."""
    numbers = [Number("1001", "+1 555-0100", "Kent"), Number("1002", "+1 555-0101", "Roeland Park")]
    config = Config(
        numbers=numbers,
        webhook="http://hook.test/hook",
        expired_tokens=frozenset({"expired"}),
        retry_delays_s=(0.001, 0.001),
    )
    receiver = Receiver(config.verify_token)
    app = create_cloud(config, httpx.ASGITransport(receiver.app()))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://cloud.test") as client:
        yield Api(client, app.state.cloud, receiver)
        await app.state.cloud.close()


@pytest.fixture
async def api(one_api: Api) -> Api:
    """The server as at its start, but that Rosa has just written to its first number."""
    await one_api.control("reset")
    await one_api.control("users", {"wa_id": ROSA, "name": "Rosa", "user_id": "US.1001"})
    await one_api.say(text="hola")
    receiver = await one_api.settle()
    for kept in (receiver.bodies, receiver.headers, receiver.answers):
        kept.clear()
    return one_api
