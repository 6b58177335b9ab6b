"""What liaisons find again: past conversations, callbacks, and the audit."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Query, Request
from fastapi.responses import HTMLResponse, Response

from bot.api.dependencies import CurrentRuntime
from bot.console.web import Overseer, Reading, SignedIn, Words, page, to
from bot.database.tables import MAX_ID, STORABLE
from bot.handoffs import casework
from bot.i18n import N_
from bot.liaisons import words
from bot.liaisons.audit import PAGE, entries, record
from bot.text import tidy

router = APIRouter()
CallbackId = Annotated[int, Path(ge=1, le=MAX_ID)]


@router.get("/search")
async def search(
    request: Request,
    who: Reading,
    runtime: CurrentRuntime,
    q: Annotated[str, Query(max_length=200, pattern=STORABLE)] = "",
    renew: bool = False,
) -> HTMLResponse:
    """Past conversations, or messages that have these words; a page that is open loads its lists again (`renew`)."""
    text = tidy(q, 200) if q.strip() else ""
    async with runtime.store.engine.begin() as connection:
        recent = await casework.recent(connection, who)
        hits = await casework.search(connection, who, text, renew) if text else None
    found = None if hits is None else [(hit, casework.excerpt(hit.text, text)) for hit in hits]
    return await page(request, runtime, "search.html", q=q, found=found, recent=recent, most=casework.HITS)


@router.get("/callbacks")
async def callbacks(request: Request, who: Reading, runtime: CurrentRuntime) -> HTMLResponse:
    """Who wants to be called back. Contacts are shown one at a time, and that is audited."""
    async with runtime.store.engine.connect() as connection:
        rows = await casework.callbacks(connection, who)
    return await page(request, runtime, "callbacks.html", callbacks=rows)


@router.post("/callbacks/{callback_id}/contact")
async def show_contact(
    request: Request, callback_id: CallbackId, who: SignedIn, runtime: CurrentRuntime
) -> HTMLResponse:
    """How and when one of them wants to be called."""
    async with runtime.store.engine.begin() as connection:
        row = await casework.contact(connection, who, callback_id)
    contact, time = (runtime.secrets.decrypt(value) if value else "" for value in (row.contact, row.time))
    return await page(request, runtime, "_contact.html", callback=row, contact=contact, time=time)


@router.post("/callbacks/{callback_id}/done")
async def done(
    callback_id: CallbackId, who: SignedIn, runtime: CurrentRuntime, since: Annotated[dt.datetime, Form()]
) -> Response:
    """They were called, as they asked `since` then."""
    async with runtime.store.engine.begin() as connection:
        await casework.callback_done(connection, who, callback_id, since)
    return to("/callbacks")


@router.get("/audit")
async def audit(
    request: Request,
    who: Overseer,
    runtime: CurrentRuntime,
    before: Annotated[int | None, Query(ge=1, le=MAX_ID)] = None,
    action: Annotated[str, Query(max_length=32, pattern=STORABLE)] = "",
    conversation: Annotated[str, Query(max_length=32, pattern=STORABLE)] = "",
) -> HTMLResponse:
    """What was done in the departments of a supervisor, the newest first. Reading it is in it."""
    async with runtime.store.engine.begin() as connection:
        rows = await entries(connection, who, before, action or None, conversation or None)
        await record(connection, "audit", who)
    names = {row.id: row.name for row in await runtime.accounts.everybody()}
    say = Words(runtime, who.language)
    return await page(
        request,
        runtime,
        "audit.html",
        entries=[(row, _readable(row.detail or {}, names, say)) for row in rows],
        more=rows[-1].id if len(rows) == PAGE else None,
        action=action,
        actions=list(words.ACTIONS),
        conversation=conversation,
    )


def _readable(detail: dict[str, Any], names: dict[int, str], say: Words) -> list[str]:
    """An entry's detail in words; of an account that was changed, each column as it was and as it is."""
    parts = []
    for key, value in detail.items():
        if key == "changed" and isinstance(value, dict):
            for column, (old, new) in value.items():
                change = "" if old is None else f"{_value(column, old, names, say)} → "
                parts.append(f"{_key(column, say)}: {change}{_value(column, new, names, say)}")
        elif key in {"did", "on"}:
            parts.append(_value(key, value, names, say))
        else:
            parts.append(f"{_key(key, say)}: {_value(key, value, names, say)}")
    return parts


def _key(key: str, say: Words) -> str:
    return say(words.DETAILS[key]) if key in words.DETAILS else key


def _value(key: str, value: Any, names: dict[int, str], say: Words) -> str:
    """In words: people, departments and languages by name, conversations by what the page shows of their ids."""
    match key, value:
        case "did", str() if value in words.DID:
            return say(words.DID[value])
        case "on", bool():
            return say(words.PUT[value])
        case "role", str() if value in words.ROLES:
            return say.named("ROLES", value)
        case (("account" | "to"), int()):
            return names.get(value, str(value))
        case "departments", list():
            return ", ".join(map(say.department, value))
        case "languages", list():
            return ", ".join(map(say.language_name, value))
        case "conversations", list():
            return " ".join(each[:8] for each in value)
        case "title", dict():
            return ", ".join(f"{text} ({say.language_name(language)})" for language, text in value.items())
        case "changed", list():
            return ", ".join(_key(column, say) for column in value)
        case _, bool():
            return say(N_("Yes")) if value else say(N_("No"))
    return str(value)
