"""The website's API around a conversation: start it, write, read it again, follow it live, erase it."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Request, Response
from pydantic import BaseModel, Field
from sse_starlette import EventSourceResponse, ServerSentEvent

from bot.api.dependencies import BODY, TOKEN, Body, CurrentConversation, CurrentRuntime, errors
from bot.database.tables import MAX_ID
from bot.errors import (
    Unauthorized,
    Unavailable,
    UnknownChoice,
    UnknownDepartment,
    UnknownLanguage,
)
from bot.rasa import RasaError
from bot.replies import Reply
from bot.runtime import Runtime
from bot.text import beside, clean
from bot.turns.turns import Settled

CHANNEL = "web"
_PING_S = 15

router = APIRouter(prefix="/api")


class StartRequest(Body):
    """Which department, and the language if the resident chose one."""

    department: str = Field(max_length=64, examples=["kent-wa"])
    language: str | None = Field(None, max_length=8, examples=["es"])


class Started(BaseModel):
    """The conversation's id and token, which only its starter is told, and a greeting."""

    id: str
    token: str
    greeting: Reply


class MessageRequest(Body):
    """A message: `text` that the resident wrote, or the `choice` of a button (`choices[].send`)."""

    text: str = ""
    choice: str | None = Field(None, max_length=200)
    id: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9_-]{8,64}$",
        description="The client's own id of the message. Sent again with the same id, it is answered once.",
    )
    language: str | None = Field(None, max_length=8, description="The resident has chosen this language.")


class LanguageRequest(Body):
    """The language that the resident has chosen."""

    language: str = Field(max_length=8)


class Helpful(Body):
    """Whether an answer helped."""

    helpful: bool


class TranscriptMessage(BaseModel):
    """One message of the transcript, numbered in its order."""

    number: int
    author: str
    text: str
    language: str
    reply: Reply | None
    name: str | None = Field(None, description="Of the liaison who wrote it, where one did.")
    client_id: str | None = Field(None, description="The client's own id of it, where the resident wrote it.")
    helpful: bool | None = Field(None, description="Whether the resident said that this answer helped.")
    at: dt.datetime


class Transcript(BaseModel):
    """A conversation as stored: identifiers masked."""

    id: str
    department: str
    language: str
    messages: list[TranscriptMessage]


class DepartmentSummary(BaseModel):
    """A department that is served."""

    id: str
    name: dict[str, str]
    place: dict[str, str]
    languages: list[str]
    default_language: str


@router.get("/departments", responses=errors())
async def departments(runtime: CurrentRuntime) -> list[DepartmentSummary]:
    """The departments that are served."""
    return [
        DepartmentSummary.model_validate(department.profile.model_dump())
        for department in runtime.library.departments.values()
    ]


@router.post("/conversations", status_code=201, responses=errors(*BODY, 404, 429))
async def start(body: StartRequest, request: Request, runtime: CurrentRuntime) -> Started:
    """Start a conversation."""
    return await begin(runtime, request, body.department, body.language)


async def begin(runtime: Runtime, request: Request, department_id: str, chosen: str | None) -> Started:
    """A new conversation, in the language that the resident chose, else the browser's, else the department's."""
    await runtime.flood.start(request)
    department = runtime.library.departments.get(department_id)
    if department is None:
        raise UnknownDepartment
    if chosen is not None and chosen not in runtime.library.languages:
        raise UnknownLanguage
    default = department.profile.default_language
    language = chosen or runtime.catalogs.negotiate(request.headers.get("accept-language"), default)
    new = await runtime.store.create(department_id, CHANNEL, language, chosen=chosen is not None)
    return Started(id=new.id, token=new.token, greeting=runtime.renderer.greeting(department_id, language))


@router.post("/conversations/{conversation_id}/messages", responses=errors(*BODY, *TOKEN, 404, 429))
async def write(
    body: MessageRequest,
    conversation: CurrentConversation,
    runtime: CurrentRuntime,
    request: Request,
    response: Response,
) -> Reply:
    """Write a message and read the reply. It is stored before its turn begins, so that none is lost."""
    await runtime.flood.message(conversation.id, request)
    settled = await say(runtime, conversation, body)
    response.headers["Server-Timing"] = settled.stages.header()
    return settled.reply


async def say(runtime: Runtime, conversation: Any, body: MessageRequest) -> Settled:
    """A resident's message and the reply to it; raises what is wrong with the message."""
    language = conversation.language
    if body.language is not None and body.language != language:
        if body.language not in runtime.library.languages:
            raise UnknownLanguage
        language = body.language
    if body.language is not None:
        await runtime.store.set_language(conversation.id, language)
    if body.choice is not None:
        text = runtime.renderer.labels.of(conversation.department, language, body.choice)
        if text is None:
            raise UnknownChoice
    else:
        text = await beside(clean, body.text, runtime.settings.max_message_chars)
    # What a liaison will read needs no vector; where it is handed back meanwhile, its turn encodes it.
    encodes = body.choice is None and conversation.owner != "liaison"
    vector = runtime.answering.encode(text) if encodes else None
    # The id is the conversation's own: two residents' clients may well count alike.
    provider_id = f"{conversation.id}:{body.id or secrets.token_urlsafe(12)}"
    inbox_id = await runtime.store.accept(conversation.id, CHANNEL, provider_id, text, language, body.choice)
    # Shielded: a resident who closes the page during the turn finds the reply when they come back.
    settled = await runtime.whole(runtime.turns.settle(conversation.id, inbox_id, vector))
    if settled is None:
        raise Unauthorized  # erased while the turn ran
    return settled


@router.get("/conversations/{conversation_id}", responses=errors(*TOKEN))
async def read(conversation: CurrentConversation, runtime: CurrentRuntime) -> Transcript:
    """The whole conversation."""
    messages = [_message(row) for row in await runtime.store.messages(conversation.id)]
    return Transcript(
        id=conversation.id,
        department=conversation.department,
        language=conversation.language,
        messages=messages,
    )


@router.get(
    "/conversations/{conversation_id}/events",
    response_class=EventSourceResponse,
    responses=errors(*TOKEN, 429)
    | {
        200: {
            "content": {"text/event-stream": {}},
            "description": "A `message` event for each message, and `typing` while a liaison is writing. "
            "`elsewhere` at its end, where newer streams of the conversation have taken its place.",
        }
    },
)
async def events(
    conversation: CurrentConversation,
    runtime: CurrentRuntime,
    last_event_id: Annotated[int, Header(ge=0, le=MAX_ID, description="The number of the last message seen.")] = 0,
    after: Annotated[int, Query(ge=0, le=MAX_ID, description="The same, for clients that can't set headers.")] = 0,
) -> Response:
    """New messages as they come, each with its number as event id; resumes after the last one seen."""
    await runtime.flood.stream(conversation.id)

    async def stream() -> AsyncIterator[ServerSentEvent]:
        number = max(last_event_id, after)
        async with runtime.listeners.listen(conversation.id) as news:
            # What the transcript brought, before the stream.
            await runtime.whole(seen(conversation, runtime, min(number, conversation.last_number)))
            while True:
                news.clear()
                if news.is_over:
                    yield ServerSentEvent("{}", event="elsewhere")
                    return
                if not await runtime.whole(runtime.store.is_open(conversation.id, conversation.token_hash)):
                    return  # erased, or opened elsewhere: who asks again is told so
                before = number
                for row in await runtime.whole(runtime.store.messages(conversation.id, number)):
                    number = row.number
                    yield ServerSentEvent(_message(row).model_dump_json(), event="message", id=str(number))
                if number > before:
                    await runtime.whole(seen(conversation, runtime, number))
                if runtime.news.typing.is_typing(conversation.id):
                    yield ServerSentEvent("{}", event="typing")
                await news.wait()

    return EventSourceResponse(stream(), ping=_PING_S, headers={"Cache-Control": "no-store"})


async def seen(conversation: Any, runtime: Runtime, number: int) -> None:
    """The resident's page has the messages up to this one: the console is to say so."""
    if number > conversation.delivered and await runtime.store.delivered(conversation.id, number):
        runtime.news.publish(conversation.id)


@router.post("/conversations/{conversation_id}/typing", status_code=204, responses=errors(*TOKEN))
async def typing(conversation: CurrentConversation, runtime: CurrentRuntime) -> Response:
    """The resident is writing: the liaison who has the conversation sees that, not what."""
    if conversation.owner == "liaison" and await runtime.flood.typing(conversation.id):
        runtime.news.type(conversation.id, conversation.department)
    return Response(status_code=204)


@router.post("/conversations/{conversation_id}/language", status_code=204, responses=errors(*BODY, *TOKEN, 404, 429))
async def choose_language(
    body: LanguageRequest, conversation: CurrentConversation, runtime: CurrentRuntime, request: Request
) -> Response:
    """The resident has chosen a language: what is said from now on is in it."""
    await runtime.flood.message(conversation.id, request)
    if body.language not in runtime.library.languages:
        raise UnknownLanguage
    await runtime.store.set_language(conversation.id, body.language)
    return Response(status_code=204)


@router.delete("/conversations/{conversation_id}", status_code=204, responses=errors(*TOKEN, 409))
async def erase(conversation: CurrentConversation, runtime: CurrentRuntime) -> Response:
    """Erase the conversation here and in Rasa. If Rasa can't, nothing is said to be erased: try again."""
    try:
        await runtime.turns.erase(conversation.id)
    except RasaError as error:
        raise Unavailable from error
    runtime.listeners.wake(conversation.id)
    return Response(status_code=204)


@router.post("/conversations/{conversation_id}/leave", status_code=204, responses=errors(*TOKEN))
async def leave(conversation: CurrentConversation, runtime: CurrentRuntime) -> Response:
    """The resident leaves fast: the token opens nothing any more, and the conversation is erased, unless it is on hold.

    Unlike an erase it asks for nothing that could fail: who leaves doesn't read an answer.
    """
    await runtime.whole(runtime.turns.leave(conversation.id))
    runtime.listeners.wake(conversation.id)
    return Response(status_code=204)


@router.post(
    "/conversations/{conversation_id}/messages/{number}/helpful",
    status_code=204,
    responses=errors(*BODY, *TOKEN, 404, 429),
)
async def rate_answer(
    body: Helpful,
    number: Annotated[int, Path(ge=1, le=MAX_ID)],
    conversation: CurrentConversation,
    runtime: CurrentRuntime,
    request: Request,
) -> Response:
    """Whether an answer of the assistant helped."""
    await runtime.flood.message(conversation.id, request)
    await runtime.store.rate_answer(conversation.id, number, body.helpful)
    return Response(status_code=204)


def _message(row: Any) -> TranscriptMessage:
    return TranscriptMessage(
        number=row.number,
        author=row.author,
        text=row.text,
        language=row.language,
        reply={**row.reply, "number": row.number} if row.reply else None,
        name=row.name,
        client_id=row.provider_id.partition(":")[2] if row.provider_id else None,
        helpful=row.helpful,
        at=row.created_at,
    )
