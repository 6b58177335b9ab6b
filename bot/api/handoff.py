"""The website's API around a person: agree, take it back, ask to be called, open the conversation elsewhere."""

from __future__ import annotations

from typing import Annotated, Literal

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from bot.api.dependencies import BODY, TOKEN, Body, CurrentConversation, CurrentRuntime, errors
from bot.errors import BadContact, UnknownChoice, UnknownCode, UnknownLanguage
from bot.handoffs.desk import MAX_LINE_CHARS, MAX_SUMMARY_CHARS
from bot.handoffs.satisfaction import rate
from bot.messages import REASONS
from bot.replies import HandoffOffer, Reader, Reply
from bot.runtime import Runtime


async def counted(request: Request, conversation: CurrentConversation, runtime: CurrentRuntime) -> None:
    """What changes something counts as a message of its conversation; raises TooOften."""
    if request.method != "GET":
        await runtime.flood.message(conversation.id, request)


router = APIRouter(prefix="/api/conversations/{conversation_id}", dependencies=[Depends(counted)])
resuming = APIRouter(prefix="/api/conversations")
_POSTED = errors(*BODY, *TOKEN, 404, 409, 429)

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_LINE_CHARS)]


class HandoffState(BaseModel):
    """Who has the conversation, and what handing it over would mean."""

    owner: Literal["bot", "waiting", "liaison", "closed"]
    person: Reader | None
    """The liaison who has it, where one does."""
    offer: HandoffOffer


class HandoffRequest(Body):
    """What the resident agrees to pass on."""

    summary: str | None = Field(None, max_length=MAX_SUMMARY_CHARS, description="As the resident left it; null: none.")
    name: str | None = Field(None, max_length=80, description="What they want to be called; null: anonymous.")
    whole_chat: bool = Field(False, description="Whether liaisons may read what was written before, too.")


class CallbackRequest(Body):
    """How and when to be called back."""

    contact: Line
    time: Line
    language: str = Field(max_length=8)


class Rating(Body):
    """Whether a person helped, and what it was most."""

    helpful: bool
    why: str | None = Field(
        None, max_length=16, description=f"One of {', '.join(w for each in REASONS.values() for w in each)}."
    )


class Code(BaseModel):
    """Opens the conversation elsewhere, once."""

    code: str


class ResumeRequest(Body):
    """A code, in any spelling of its letters and dashes."""

    code: str = Field(max_length=40)


class Resumed(BaseModel):
    """The conversation and its new token, and its department: a code opens it wherever it is entered."""

    id: str
    token: str
    department: str


@router.get("/handoff", responses=errors(*TOKEN))
async def state(conversation: CurrentConversation, runtime: CurrentRuntime) -> HandoffState:
    """Who has the conversation, who would read it, and the summary that would be passed on."""
    offer = await runtime.desk.offer(conversation, conversation.language)
    person = await runtime.desk.person(conversation)
    return HandoffState(owner=conversation.owner, person=person, offer=offer)


@router.post("/handoff", responses=_POSTED)
async def agree(body: HandoffRequest, conversation: CurrentConversation, runtime: CurrentRuntime) -> Reply:
    """The resident agrees to be handed to a person; again while waiting changes what is passed on."""
    return await runtime.desk.request(conversation, body.summary, body.name, body.whole_chat)


@router.delete("/handoff", responses=errors(*TOKEN, 409, 429))
async def take_back(conversation: CurrentConversation, runtime: CurrentRuntime) -> Reply:
    """The resident takes the request back; 409 where nobody is waited for."""
    return await runtime.desk.withdraw(conversation)


@router.post("/callback", status_code=204, responses=_POSTED)
async def call_back(body: CallbackRequest, conversation: CurrentConversation, runtime: CurrentRuntime) -> Response:
    """The resident asks to be called back; again, before somebody has called, says it anew."""
    if body.language not in runtime.library.languages:
        raise UnknownLanguage
    if not _is_contact(body.contact):
        raise BadContact
    await runtime.desk.call_back(conversation, body.contact, body.time, body.language)
    return Response(status_code=204)


@router.post("/rating", status_code=204, responses=_POSTED)
async def rate_person(body: Rating, conversation: CurrentConversation, runtime: CurrentRuntime) -> Response:
    """Whether a person helped; a second call adds what it was. 409 where none has had the conversation."""
    if body.why is not None and body.why not in REASONS["yes" if body.helpful else "no"]:
        raise UnknownChoice
    await rate(runtime.store.engine, conversation.id, body.helpful, body.why)
    return Response(status_code=204)


@router.post("/code", responses=errors(*TOKEN, 429))
async def code(conversation: CurrentConversation, runtime: CurrentRuntime) -> Code:
    """A new code; the one before is over."""
    return Code(code=await runtime.desk.code(conversation.id))


@resuming.post("/resume", responses=errors(*BODY, 404, 429))
async def resume_by_code(body: ResumeRequest, request: Request, runtime: CurrentRuntime) -> Resumed:
    """Open a conversation by its code."""
    return await resume(body.code, request, runtime)


async def resume(code: str, request: Request, runtime: Runtime) -> Resumed:
    """The conversation of a code with a new token; who listened with the old one hears that it is over."""
    await runtime.flood.start(request)
    opened = await runtime.desk.resume(code)
    if opened is None:
        raise UnknownCode
    runtime.listeners.wake(opened.id)
    return Resumed(id=opened.id, token=opened.token, department=opened.department)


def _is_contact(text: str) -> bool:
    try:
        if phonenumbers.is_possible_number(phonenumbers.parse(text, "US")):
            return True
    except phonenumbers.NumberParseException:
        pass
    try:
        validate_email(text, check_deliverability=False)
    except EmailNotValidError:
        return False
    return True
