"""The Cloud API as the channel uses it, through `pywa`'s client, with every way to fail told as one of three."""

from __future__ import annotations

import contextlib
import functools
import logging
import ssl
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
from pywa_async.api import GraphAPIAsync
from pywa_async.errors import WhatsAppError

from bot.settings import Settings

log = logging.getLogger(__name__)
_TIMEOUT_S = 15.0


@functools.cache
def _certificates() -> ssl.SSLContext:
    """What the other side is checked by, read once: it takes 30 ms, and tests make hundreds of clients."""
    return httpx.create_ssl_context()


class RefusedError(Exception):
    """Meta answered with an error."""

    def __init__(self, code: int, details: str, subcode: int | None) -> None:
        """`code`, `subcode`: Meta's. `details`: its text, for operators, never for a log."""
        super().__init__(f"code {code}")
        self.code = code
        self.details = details
        self.subcode = subcode


class NotReachedError(Exception):
    """The request did not arrive."""


class UnknownOutcomeError(Exception):
    """Nobody knows whether it arrived: the answer was lost, or was none."""


class Cloud:
    """Calls to the Graph API, with one token."""

    def __init__(self, settings: Settings) -> None:
        """Opens nothing yet."""
        if settings.whatsapp_token is None:
            raise ValueError("ENLACE_WHATSAPP_TOKEN is missing")
        # pywa writes what is sent into the log at DEBUG, a resident's number and words among it.
        logging.getLogger("pywa").setLevel(logging.WARNING)
        limits = httpx.Limits(max_connections=60)
        self._session = httpx.AsyncClient(timeout=_TIMEOUT_S, limits=limits, verify=_certificates())
        self._api = GraphAPIAsync(
            settings.whatsapp_token.get_secret_value(), self._session, settings.whatsapp_api_version
        )
        self._session.base_url = f"{settings.whatsapp_api_url.rstrip('/')}/v{settings.whatsapp_api_version}"

    async def send(self, number_id: str, address: Mapping[str, str], part: Mapping[str, Any], tracker: str) -> str:
        """Send one message and return Meta's id of it.

        `address`: `to` or `recipient`. `part`: `type`, and what is under that name. `tracker` comes back in statuses.
        Raises RefusedError, NotReachedError, UnknownOutcomeError.
        """
        kind = part["type"]
        with _errors():
            answer = await self._api.send_message(
                sender=number_id,
                to=address.get("to"),
                recipient=address.get("recipient"),
                recipient_type="individual",
                typ=kind,
                msg=part[kind],
                biz_opaque_callback_data=tracker,
            )
            return str(answer["messages"][0]["id"])

    async def read(self, number_id: str, message_id: str, typing: bool) -> None:
        """Mark a message as read and, if `typing`, show that an answer is being written. What fails is let go."""
        body: dict[str, Any] = {"messaging_product": "whatsapp", "status": "read", "message_id": message_id}
        if typing:
            body["typing_indicator"] = {"type": "text"}
        try:
            with _errors():
                await self._api.send_raw_request("POST", f"/{number_id}/messages", json=body)
        except (RefusedError, NotReachedError, UnknownOutcomeError) as error:
            log.info("a message could not be marked as read: %s", error)

    async def get(self, path: str, token: str | None = None, **params: str) -> dict[str, Any]:
        """Read an object of the Graph API, with another token if one is named; raises as `send` does."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        with _errors():
            answer: dict[str, Any] = await self._api.send_raw_request("GET", path, params=params, headers=headers)
            return answer

    async def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Change one; raises as `send` does."""
        with _errors():
            answer: dict[str, Any] = await self._api.send_raw_request("POST", path, json=dict(body))
            return answer

    async def close(self) -> None:
        """Close the connections."""
        await self._session.aclose()


@contextlib.contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except WhatsAppError as error:
        if error.code == error.status_code:  # pywa's stopgap: what answered, in front of Meta or of us, isn't its API
            raise UnknownOutcomeError(f"HTTP {error.code}") from None
        raise RefusedError(error.code, error.details or error.message, error.subcode) from None
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
        raise NotReachedError(type(error).__name__) from None
    except Exception as error:  # a lost answer, or one that is not Meta's JSON
        raise UnknownOutcomeError(type(error).__name__) from None
