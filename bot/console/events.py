"""The live updates of the console: that something changed, never what somebody wrote."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sse_starlette import EventSourceResponse, ServerSentEvent

from bot.channels.web import CurrentRuntime
from bot.console.web import Watching, cookie_name
from bot.errors import Forbidden

router = APIRouter()
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
                await runtime.whole(runtime.sessions.present(who.id))
                checked_until = runtime.clock() + _CHECK_S
                while (left := checked_until - runtime.clock()) > 0:
                    for change in await subscription.take(left):
                        yield ServerSentEvent(json.dumps({"id": change.conversation}), event=change.event)
            yield ServerSentEvent("{}", event="over")

    return EventSourceResponse(stream(), ping=15, headers={"Cache-Control": "no-store"})
