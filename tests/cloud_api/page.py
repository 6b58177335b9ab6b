"""The page that looks like a phone: what it shows, told to it live."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, StreamingResponse
from jinja2 import Environment, FileSystemLoader

from .access import CurrentCloud
from .config import JSON

HERE = Path(__file__).resolve().parent
STATIC = HERE / "static"
LABELS: dict[str, dict[str, str]] = json.loads((HERE / "labels.json").read_text("utf-8"))
SAFE = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_PING_S = 15.0
router = APIRouter()
_pages = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True)


def language_of(request: Request) -> str:
    """Spanish if the browser asks for it before English."""
    for each in request.headers.get("accept-language", "").split(","):
        name = each.split(";")[0].strip().casefold()[:2]
        if name in LABELS:
            return name
    return "en"


@router.get("/", response_class=HTMLResponse)
async def phone(request: Request, lang: str | None = None) -> HTMLResponse:
    """The page."""
    language = lang if lang in LABELS else language_of(request)
    html = _pages.get_template("phone.html").render(labels=LABELS[language], language=language, all=LABELS)
    return HTMLResponse(html, headers=SAFE)


@router.get("/_phone/state")
async def state(cloud: CurrentCloud, user: str = "", number: str = "") -> JSON:
    """What the page shows: who and which there are, and one chat."""
    chosen = cloud.phones.find(user) or next(iter(cloud.phones), None)
    place = cloud.number(number) or cloud.config.numbers[0]
    found: dict[str, Any] = {
        "users": [each.view() for each in cloud.phones],
        "numbers": [
            {"id": each.id, "phone": each.display_phone_number, "name": each.name} for each in cloud.config.numbers
        ],
        "number": place.id,
        "user": None,
        "messages": [],
        "typing": False,
        "blocked": False,
        "unread": {},
    }
    if chosen is None:
        return found
    found["user"] = chosen.wa_id
    found["messages"] = [{**message.view(), "request": None} for message in chosen.chat(place.id)]
    found["typing"] = chosen.typing.get(place.id, 0) > cloud.clock.now()
    found["blocked"] = place.id in chosen.blocked
    found["unread"] = {
        each.id: sum(message.outgoing and message.status != "read" for message in chosen.chat(each.id))
        for each in cloud.config.numbers
    }
    return found


@router.get("/_phone/events")
async def events(request: Request, cloud: CurrentCloud) -> StreamingResponse:
    """Says `changed` whenever there may be something new."""
    if len(cloud.listeners) > 100:
        raise HTTPException(503, "too many pages are open")

    async def stream() -> AsyncIterator[str]:
        event = asyncio.Event()
        cloud.listeners.add(event)
        try:
            yield "retry: 1000\ndata: changed\n\n"
            while not await request.is_disconnected():
                try:
                    await asyncio.wait_for(event.wait(), _PING_S)
                    event.clear()
                    yield "data: changed\n\n"
                except TimeoutError:
                    yield ": ping\n\n"
        finally:
            cloud.listeners.discard(event)

    return StreamingResponse(stream(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})
