"""The live updates of the console: that something changed, never what somebody wrote."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sse_starlette import EventSourceResponse, ServerSentEvent

from bot.api.dependencies import CurrentRuntime
from bot.console.web import Watching, cookie_name
from bot.errors import Forbidden

router = APIRouter()
_PING_S = 15
_CHECK_S = 20.0
"""A stream ends so long after its session at the latest."""


@router.get("/events", response_class=EventSourceResponse)
async def events(request: Request, who: Watching, runtime: CurrentRuntime) -> Response:
    """`hello` at first, so that a page that was away fetches what it missed; then one event for each change."""
    if request.headers.get("sec-fetch-site") not in {None, "same-origin"}:
        raise Forbidden
    token = request.cookies[cookie_name(runtime.settings)]

    async def stream() -> AsyncIterator[ServerSentEvent]:
        with runtime.news.subscribe(who) as subscription:
            yield ServerSentEvent("{}", event="hello")
            while await runtime.whole(runtime.sessions.who(token, acts=False)):
                checked_until = runtime.clock() + _CHECK_S
                while (left := checked_until - runtime.clock()) > 0:
                    for change in await subscription.take(left):
                        yield ServerSentEvent(json.dumps({"id": change.conversation}), event=change.event)
            yield ServerSentEvent("{}", event="over")

    # A page can see that a connection is dead by this: comments, which are the default, it never gets.
    return EventSourceResponse(
        stream(),
        ping=_PING_S,
        ping_message_factory=lambda: ServerSentEvent("{}", event="ping"),
        headers={"Cache-Control": "no-store"},
    )


@router.post("/present", status_code=204)
async def present(who: Watching, runtime: CurrentRuntime) -> Response:
    """The page has heard the updates just now: whoever has it open is there for alarms.

    That they are sent says nothing: a dead connection takes them for many minutes.
    """
    await runtime.sessions.present(who.id)
    return Response(status_code=204)
