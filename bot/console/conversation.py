"""One conversation: what was said, and what a liaison says, notes and looks up."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Query, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, Response
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.api.dependencies import CurrentRuntime
from bot.channels.whatsapp.contacts import window_closes
from bot.console.web import LookingUp, Reading, SignedIn, Watching, Words, page, to
from bot.conversations.tables import Inbox
from bot.database.tables import MAX_ID, STORABLE, now
from bot.errors import Conflict, NotFound
from bot.handoffs import casework
from bot.handoffs.access import access_conversation
from bot.handoffs.queue import colleagues
from bot.liaisons.access import Who
from bot.liaisons.audit import has_viewed, record
from bot.liaisons.sessions import is_away
from bot.liaisons.tables import Liaison
from bot.messages import CHANGED, TAKEN_BACK
from bot.replies import Say
from bot.runtime import Runtime
from bot.text import tidy

router = APIRouter(prefix="/conversations/{conversation_id}")
Id = Annotated[str, Path(max_length=32, pattern=STORABLE)]
MAX_CHARS = 4000
CHANNEL = "console"
_STATES = 40
"""Of so many messages before the new ones the state of delivery is brought up to date as well."""


@router.get("")
async def show(
    request: Request, conversation_id: Id, who: Reading, runtime: CurrentRuntime, renew: bool = False
) -> HTMLResponse:
    """The page. That somebody reads it is audited, unless it is open and loads itself again (`renew`)."""
    async with runtime.store.engine.begin() as connection:
        row = await access_conversation(connection, who, conversation_id)
        if not renew or not await has_viewed(connection, who, row.id):
            await record(connection, "view", who, row.department, row.id)
        context = await _tools(connection, who, runtime, row) | await _messages(connection, runtime, row, 0)
        handoffs = await casework.handoffs(connection, row.id)
        context |= {
            "handoff": handoffs[0] if handoffs else None,
            "colleagues": await colleagues(connection, who, row.department),
            "canned": await casework.canned_replies(connection, [row.department]),
        }
    name = context["handoff"].name if context["handoff"] else None
    context["name"] = runtime.secrets.decrypt(name) if name else None
    return await page(request, runtime, "conversation.html", key=secrets.token_urlsafe(12), **context)


@router.get("/messages")
async def messages(
    request: Request,
    conversation_id: Id,
    who: Watching,
    runtime: CurrentRuntime,
    after: Annotated[int, Query(ge=1, le=MAX_ID)],
) -> HTMLResponse:
    """What was said after a message, for the page that has those before it to stay live."""
    async with runtime.store.engine.begin() as connection:
        row = await access_conversation(connection, who, conversation_id)
        if not await has_viewed(connection, who, row.id):
            await record(connection, "view", who, row.department, row.id)
        context = await _messages(connection, runtime, row, after)
    return await page(
        request, runtime, "_messages.html", conversation=row, mine=row.liaison_id == who.id, part=True, **context
    )


@router.post("/messages")
async def say(
    request: Request,
    conversation_id: Id,
    who: SignedIn,
    runtime: CurrentRuntime,
    text: Annotated[str, Form(max_length=20_000)],
    key: Annotated[str, Form(max_length=40, min_length=8, pattern=STORABLE)],
    topic: Annotated[str, Form(max_length=64, pattern=STORABLE)] = "",
) -> HTMLResponse:
    """Write to the resident. `key` is the form's own: sent twice with the same words, it is said once."""
    async with runtime.store.engine.connect() as connection:
        row = await access_conversation(connection, who, conversation_id)
        closes = await window_closes(connection, row)
    text = tidy(text, MAX_CHARS)
    reply = _inserted(runtime, row, topic, text) if topic else None
    said = hashlib.sha256(f"{topic}\n{text}".encode()).hexdigest()[:32]

    async def once(connection: AsyncConnection) -> None:
        await connection.execute(
            insert(Inbox).values(
                channel=CHANNEL,
                provider_id=f"{row.id}:{key}:{said}",
                conversation_id=row.id,
                number=0,
                state="done",
                done_at=now(),
            )
        )

    with contextlib.suppress(IntegrityError):  # the same form, sent again
        await runtime.ownership.say(row.id, who.id, text, row.language, reply, once)
    runtime.news.typing.stop(row.id)
    runtime.changed(row.id)
    return await page(request, runtime, "_reply.html", conversation=row, key=secrets.token_urlsafe(12), closes=closes)


@router.post("/typing", status_code=204)
async def typing(conversation_id: Id, who: SignedIn, runtime: CurrentRuntime) -> Response:
    """They are writing; the resident's page shows that for a few seconds."""
    async with runtime.store.engine.connect() as connection:
        row = await access_conversation(connection, who, conversation_id)
    if row.liaison_id == who.id:
        runtime.news.typing.note(row.id)
        runtime.listeners.wake(row.id)
    return Response(status_code=204)


@router.post("/retry/{number}", status_code=204)
async def retry(
    conversation_id: Id, number: Annotated[int, Path(ge=1, le=MAX_ID)], who: SignedIn, runtime: CurrentRuntime
) -> Response:
    """Have a message that could not be delivered tried again; whoever has the conversation may."""
    async with runtime.store.engine.connect() as connection:
        row = await access_conversation(connection, who, conversation_id)
    if row.liaison_id != who.id:
        raise Conflict

    async def audited(connection: AsyncConnection) -> None:
        await record(connection, "retry", who, row.department, row.id)

    await runtime.outbox.retry(row.id, number, audited)
    runtime.changed(row.id)
    return Response(status_code=204)


@router.post("/notes")
async def note(
    request: Request,
    conversation_id: Id,
    who: SignedIn,
    runtime: CurrentRuntime,
    text: Annotated[str, Form(max_length=20_000)],
) -> HTMLResponse:
    """A private note: colleagues read it, the resident never does."""
    async with runtime.store.engine.begin() as connection:
        row = await access_conversation(connection, who, conversation_id)
        await casework.add_note(connection, who, row, tidy(text, MAX_CHARS))
        tools = await _tools(connection, who, runtime, row)
    return await page(request, runtime, "_notes.html", **tools)


@router.post("/labels")
async def label(
    request: Request,
    conversation_id: Id,
    who: SignedIn,
    runtime: CurrentRuntime,
    label: Annotated[str, Form(max_length=40, pattern=STORABLE)],
    on: Annotated[bool, Form()] = True,
) -> HTMLResponse:
    """Put a label on, or take it off."""
    async with runtime.store.engine.begin() as connection:
        row = await access_conversation(connection, who, conversation_id)
        await casework.set_label(connection, who, row, tidy(label, 40), on)
        tools = await _tools(connection, who, runtime, row)
    return await page(request, runtime, "_labels.html", **tools)


@router.get("/answers")
async def answers(
    request: Request,
    conversation_id: Id,
    who: LookingUp,
    runtime: CurrentRuntime,
    q: Annotated[str, Query(max_length=200)] = "",
) -> HTMLResponse:
    """The department's published answers that have these words, for one to be put into the reply."""
    async with runtime.store.engine.connect() as connection:
        row = await access_conversation(connection, who, conversation_id)
    say = Words(runtime, who.language)
    content = runtime.library.departments[row.department]
    wanted = q.casefold().split()
    found = []
    for topic, answer in sorted(content.answers.items()):
        if not answer.enabled or topic in content.stale:
            continue
        reply = runtime.renderer.render([Say(say="answer", topic=topic, confidence=1.0)], row.department, row.language)
        haystack = " ".join([say.topic(topic), *runtime.library.topics[topic].label.values(), reply.text]).casefold()
        if all(word in haystack for word in wanted):
            found.append(reply)
    return await page(request, runtime, "_answers.html", answers=found)


@router.get("/export")
async def export(conversation_id: Id, who: SignedIn, runtime: CurrentRuntime) -> Response:
    """The transcript as a text file: what the resident agreed to share."""
    say = Words(runtime, who.language)
    async with runtime.store.engine.begin() as connection:
        row = await access_conversation(connection, who, conversation_id)
        said = await casework.messages(connection, row)
        await record(connection, "export", who, row.department, row.id, messages=len(said))
    # Indented, so that no line of a text can be taken for the head of another message.
    lines = [f"{say.department(row.department)} · {row.id} · {say.zone(row.department)}", ""]
    for message in said:
        author = message.name or say.named("AUTHORS", message.author)
        lines += [f"[{say.moment(message.created_at, row.department)}] {author}:"]
        cited = [
            f"“{source['quote']}” ({source['title']}, {source['section_title']})"
            for source in (message.reply or {}).get("citations", [])
        ]
        lines += [f"    {line}" for text in (message.text, *cited) for line in text.splitlines()]
        lines.append("")
    headers = {"Content-Disposition": f'attachment; filename="enlace-{row.id}.txt"'}
    return PlainTextResponse("\n".join(lines), headers=headers)


async def _messages(connection: AsyncConnection, runtime: Runtime, row: Any, after: int) -> dict[str, Any]:
    said = await casework.messages(connection, row, max(after - _STATES, 0))
    new = [message for message in said if message.number > after]
    return {
        "flag": await casework.flag(connection, row.id),
        "messages": new,
        "earlier": [message for message in said if message.number <= after],
        "replaced": await casework.messages_with(connection, row, _withdrawn(runtime)) if after else [],
        "last": max([after, 1, *(message.number for message in new)]),
        "holder": await connection.scalar(select(Liaison.name).where(Liaison.id == row.liaison_id)),
    }


async def _tools(connection: AsyncConnection, who: Who, runtime: Runtime, row: Any) -> dict[str, Any]:
    return {
        "conversation": row,
        "mine": row.liaison_id == who.id,
        "part": False,
        "notes": await casework.notes(connection, row.id),
        "labels": await casework.labels(connection, row.id),
        "closes": await window_closes(connection, row),
        "away": await is_away(connection, row.liaison_id, row.department),
    }


def _withdrawn(runtime: Runtime) -> list[str]:
    """What stands in place of a message that a resident has taken back or changed, in every language."""
    say = runtime.catalogs.gettext
    return [say(language, message) for language in runtime.library.languages for message in (TAKEN_BACK, CHANGED)]


def _inserted(runtime: Runtime, row: Any, topic: str, text: str) -> dict[str, Any]:
    """A published answer's citations under what the liaison made of it; raises NotFound."""
    content = runtime.library.departments[row.department]
    if topic not in content.answers or not content.answers[topic].enabled:
        raise NotFound
    answer = runtime.renderer.render([Say(say="answer", topic=topic, confidence=1.0)], row.department, row.language)
    return answer.model_copy(update={"text": text, "choices": []}).model_dump(mode="json")


def back(conversation_id: str) -> Response:
    """To the conversation's page."""
    return to(f"/conversations/{conversation_id}")
