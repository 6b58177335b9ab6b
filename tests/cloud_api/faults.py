"""What goes wrong on demand: the next requests are refused, answered with rubbish, left hanging or cut off."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import httpx
from starlette.requests import Request
from starlette.responses import Response

from .config import JSON
from .errors import GraphError

What = Literal["error", "http", "hang", "drop", "fail"]


@dataclass(slots=True)
class Fault:
    """One thing to go wrong, `times` times.

    `error`: refuse with `code`. `http`: answer `status` and a page that isn't JSON. `hang`: wait `seconds`, then go on
    as usual. `drop`: take the message, and close the connection without an answer. `fail`: take the message, and send
    the status `failed` with `code` instead of the usual ones.
    """

    what: What
    times: int = 1
    after: int = 0
    """How many requests pass first."""
    code: int = 131000
    subcode: int | None = None
    details: str | None = None
    status: int = 500
    seconds: float = 1.0
    on: Literal["send", "read", "any"] = "send"


@dataclass(slots=True)
class Faults:
    """Those that are still to come, the first first."""

    pending: list[Fault] = field(default_factory=list)

    def next(self, kind: str) -> Fault | None:
        """What goes wrong with this request, if anything."""
        for fault in self.pending:
            if fault.on not in {"any", kind}:
                continue
            if fault.after > 0:
                fault.after -= 1
                return None
            fault.times -= 1
            if fault.times <= 0:
                self.pending.remove(fault)
            return fault
        return None


async def before(fault: Fault | None) -> Response | None:
    """What comes instead of taking the request, if anything; raises GraphError."""
    if fault is None:
        return None
    if fault.what == "error":
        raise GraphError(fault.code, details=fault.details, subcode=fault.subcode)
    if fault.what == "http":
        return Response("<html><body>Sorry, something went wrong.</body></html>", fault.status, media_type="text/html")
    if fault.what == "hang":
        await asyncio.sleep(fault.seconds)
    return None


def cut(request: Request) -> None:
    """Close the connection without an answer; raises in a client of the same process as a real one would."""
    abort: Callable[[], None] | None = request.scope.get("cloud_api.abort")
    if abort is None:
        raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
    abort()


def view(fault: Fault) -> JSON:
    """It, as the control API has it."""
    return {key: getattr(fault, key) for key in Fault.__slots__}
