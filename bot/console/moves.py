"""Who has a conversation: taking it, giving it away, ending it. The resident is told of each, and each is audited."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import Response
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.api.dependencies import CurrentRuntime
from bot.console.conversation import Id, back
from bot.console.web import Overseer, SignedIn, to
from bot.conversations.ownership import Also
from bot.conversations.tables import Conversation
from bot.database.tables import MAX_ID
from bot.errors import Conflict, Forbidden, NotFound
from bot.handoffs.access import access_conversation
from bot.handoffs.desk import notice, reader
from bot.liaisons.access import Who
from bot.liaisons.audit import Action, record
from bot.liaisons.sessions import is_away
from bot.liaisons.tables import Liaison
from bot.replies import Reader
from bot.runtime import Runtime

router = APIRouter(prefix="/conversations/{conversation_id}")


@router.post("/claim")
async def claim(conversation_id: Id, who: SignedIn, runtime: CurrentRuntime) -> Response:
    """Take it from the queue; 409 with the name of whoever else was first."""
    row = await _row(runtime, who, conversation_id)
    told = notice(runtime.renderer.notices.joined(row.department, row.language, reader(who, row.language)))
    return await _taken(runtime, who, row, runtime.ownership.claim(row.id, who.id, told, _audited("claim", who, row)))


@router.post("/reopen")
async def reopen(conversation_id: Id, who: SignedIn, runtime: CurrentRuntime) -> Response:
    """Take one that was ended up again."""
    row = await _row(runtime, who, conversation_id)
    told = notice(runtime.renderer.notices.joined(row.department, row.language, reader(who, row.language)))
    return await _taken(runtime, who, row, runtime.ownership.reopen(row.id, who.id, told, _audited("reopen", who, row)))


@router.post("/release")
async def release(conversation_id: Id, who: SignedIn, runtime: CurrentRuntime) -> Response:
    """Back into the queue: their own; anybody's for a supervisor; one whose holder is away for each colleague."""
    async with runtime.store.engine.connect() as connection:
        row = await access_conversation(connection, who, conversation_id)
        of = row.liaison_id if await is_away(connection, row.liaison_id, row.department) else _of(who, row)
    told = notice(runtime.renderer.notices.released(row.department, row.language, await _holder(runtime, row)))
    await runtime.ownership.release(row.id, of, told, _audited("release", who, row))
    _moved(runtime, row)
    return to("")


@router.post("/hand_back")
async def hand_back(conversation_id: Id, who: SignedIn, runtime: CurrentRuntime) -> Response:
    """Back to the assistant."""
    row = await _row(runtime, who, conversation_id)
    told = notice(runtime.renderer.notices.handed_back(row.department, row.language, await _holder(runtime, row)))
    await runtime.ownership.hand_back(row.id, _of(who, row), told, _audited("hand_back", who, row))
    return _moved(runtime, row)


@router.post("/close")
async def close(conversation_id: Id, who: SignedIn, runtime: CurrentRuntime) -> Response:
    """The end of it."""
    row = await _row(runtime, who, conversation_id)
    told = notice(runtime.renderer.notices.closed(row.department, row.language, await _holder(runtime, row)))
    await runtime.ownership.close(row.id, _of(who, row), told, _audited("close", who, row))
    return _moved(runtime, row)


@router.post("/transfer")
async def transfer(
    conversation_id: Id, who: SignedIn, runtime: CurrentRuntime, colleague: Annotated[int, Form(ge=1, le=MAX_ID)]
) -> Response:
    """To a colleague who may see it. A supervisor can give away, or take over, what somebody else has."""
    row = await _row(runtime, who, conversation_id)
    async with runtime.store.engine.connect() as connection:
        query = select(Liaison).where(Liaison.id == colleague, Liaison.active)
        to_whom = (await connection.execute(query)).one_or_none()
    if to_whom is None or row.department not in to_whom.departments:
        raise NotFound
    notices = runtime.renderer.notices
    said = notices.joined if colleague == who.id else notices.passed_on
    told = notice(said(row.department, row.language, reader(to_whom, row.language)))
    audited = _audited("transfer", who, row, to=colleague)
    await runtime.ownership.transfer(row.id, _of(who, row), colleague, told, audited, here=colleague == who.id)
    return _moved(runtime, row)


@router.post("/hold")
async def hold(conversation_id: Id, who: Overseer, runtime: CurrentRuntime, on: Annotated[bool, Form()]) -> Response:
    """Keep it from being deleted, or let it be deleted again; either again changes nothing."""
    async with runtime.store.engine.begin() as connection:
        row = await access_conversation(connection, who, conversation_id)
        changed = await connection.execute(
            update(Conversation)
            .where(Conversation.id == row.id, Conversation.legal_hold.is_not(on))
            .values(legal_hold=on)
            .returning(Conversation.id)
        )
        if changed.first() is not None:
            await record(connection, "hold", who, row.department, row.id, on=on)
    return _moved(runtime, row)


async def _row(runtime: Runtime, who: Who, conversation_id: str) -> Any:
    async with runtime.store.engine.connect() as connection:
        return await access_conversation(connection, who, conversation_id)


def _of(who: Who, row: Any) -> int:
    """Whose it has to be for this move: their own, or anybody's for a supervisor."""
    if row.liaison_id is None or row.liaison_id == who.id:
        return who.id
    if not who.may("oversee"):
        raise Forbidden
    return int(row.liaison_id)


async def _holder(runtime: Runtime, row: Any) -> Reader:
    """Who has it, as the resident knows them."""
    return await runtime.desk.person(row) or Reader(name="", title="", sworn=False)


def _audited(action: Action, who: Who, row: Any, **detail: Any) -> Also:
    async def write(connection: AsyncConnection) -> None:
        await record(connection, action, who, row.department, row.id, **detail)

    return write


async def _taken(runtime: Runtime, who: Who, row: Any, taking: Awaitable[None]) -> Response:
    """After a move that makes it theirs, or that they had made already: a form may be sent twice."""
    try:
        await taking
    except Conflict:
        if (await _row(runtime, who, row.id)).liaison_id != who.id:
            raise
        return back(row.id)
    return _moved(runtime, row)


def _moved(runtime: Runtime, row: Any) -> Response:
    runtime.changed(row.id)
    return back(row.id)
