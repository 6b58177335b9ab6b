"""Guards the two doors between the app and Rasa: on one machine there are others who can reach a loopback port."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import httpx
import psutil
import pytest

if TYPE_CHECKING:
    from tests.conftest import Server

pytestmark = pytest.mark.rasa
TURN = {"conversation": "somebodys", "text": "hola", "metadata": {"department": "kent-wa", "language": "es"}}
ACTION = {"next_action": "action_answer", "sender_id": "somebodys", "tracker": {"sender_id": "somebodys"}}


def ports(process: psutil.Process) -> set[int]:
    """Where a process listens; nowhere but on the loopback interface."""
    listening = [each.laddr for each in process.net_connections("tcp") if each.status == psutil.CONN_LISTEN]
    assert {address.ip for address in listening} == {"127.0.0.1"}
    return {address.port for address in listening}


def of_rasa(server: Server) -> str:
    """Rasa's address."""
    (port,) = ports(server.rasa())
    return f"http://127.0.0.1:{port}"


def of_the_actions(server: Server) -> str:
    """The action server's: the app's other port."""
    (port,) = ports(psutil.Process(server.process.pid)) - {httpx.URL(server.base_url).port}
    return f"http://127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("door", "method", "path", "body"),
    [
        (of_rasa, "GET", "/webhooks/enlace/", None),
        (of_rasa, "POST", "/webhooks/enlace/turn", TURN),
        (of_rasa, "POST", "/webhooks/enlace/forget", {"conversation": "somebodys"}),
        (of_the_actions, "POST", "/webhook", ACTION),
    ],
    ids=["health", "turn", "forget", "action"],
)
@pytest.mark.parametrize("token", [None, "", "wrong"])
def test_who_has_not_its_token_is_refused(
    server: Server, door: Callable[[Server], str], method: str, path: str, body: object, token: str | None
) -> None:
    headers, query = ({}, {}) if token is None else ({"x-enlace-token": token}, {"token": token})
    url = f"{door(server)}{path}"
    with httpx.Client(trust_env=False, timeout=20) as client:
        assert client.request(method, url, json=body, headers=headers, params=query).status_code == 401


def test_rasa_has_no_other_door(server: Server) -> None:
    with httpx.Client(base_url=of_rasa(server), trust_env=False, timeout=20) as client:
        for path in ("/conversations/somebodys/tracker", "/status", "/domain", "/webhooks/rest/", "/model"):
            assert client.get(path).status_code == 404, path
