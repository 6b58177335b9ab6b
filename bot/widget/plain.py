"""The page that needs no script: a form posts, and the whole conversation comes back.

Id and token travel in the form alone, never in an address, which a browser would keep and pass on; there is no cookie.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field, ValidationError
from starlette.datastructures import FormData

from bot.api import conversations, handoff
from bot.api.conversations import MessageRequest
from bot.api.dependencies import CurrentRuntime, is_of_another_site
from bot.content.library import DepartmentContent
from bot.database.tables import MAX_ID
from bot.errors import BadRequest, EnlaceError, MessageTooLong, Unauthorized
from bot.handoffs.desk import MAX_LINE_CHARS, MAX_SUMMARY_CHARS
from bot.i18n import N_, Catalogs, in_language
from bot.problems import kind_and_place
from bot.runtime import Runtime
from bot.widget import theme
from bot.widget.page import Language
from bot.widget.web import CurrentDepartment, first_language, policy, render
from bot.widget.words import WORDS, words

log = logging.getLogger(__name__)
router = APIRouter(prefix="/text", include_in_schema=False)

LEAVE_SAYS = N_(
    "“Leave now” erases the chat and opens another page. It cannot take this site out of the browser’s "
    "history, or delete a screenshot. Close the tab, too: Back may show it again."
)
NOT_ABOUT_FIELDS = {"language", "refresh", "helpful", "rate", "code"}
"""Buttons that leave everything on the page as it was filled in."""

LOOK = N_("See whether there is something new")


class _Fields(BaseModel):
    """What the form carries; `do` is the pressed button, with its argument behind a space."""

    id: str = Field("", max_length=64, pattern=r"^[A-Za-z0-9_-]*$")
    token: str = Field("", max_length=64)
    language: str = Field("", max_length=8)
    message_id: str = Field("", pattern=r"^$|^[A-Za-z0-9_-]{8,64}$")
    do: str = Field("send", max_length=200)
    text: str = Field("", max_length=20_000)
    code: str = Field("", max_length=40)
    # There is a summary, be it emptied: an empty field is no field to `_read`.
    offered: str = Field("", max_length=8)
    # More than may be passed on: what is too long is told to whom it is passed on for, and stops no other button.
    summary: str = Field("", max_length=20_000)
    name: str = Field("", max_length=400)
    whole_chat: str = Field("", max_length=8)
    contact: str = Field("", max_length=400)
    time: str = Field("", max_length=400)


@dataclass
class _Shown:
    """What the next page shows."""

    language: str
    id: str = ""
    token: str = ""
    problem: str = ""
    told: str = ""
    code: str = ""
    department: str = ""
    """Of the conversation, where there is one: by a code it may be another than the page's."""
    filled: _Fields = field(default_factory=lambda: _Fields.model_validate({}))
    """What is in the fields: what was, where it was of no use, or was not what the button is about."""
    messages: list[dict[str, Any]] = field(default_factory=list)


async def _form(request: Request) -> FormData:
    return await request.form()


@router.get("/{department}")
async def begin(
    request: Request, runtime: CurrentRuntime, content: CurrentDepartment, language: Language = None
) -> HTMLResponse:
    """The page before the first message."""
    first = first_language(request, runtime, language, content.profile.default_language)
    return _page(request, runtime, content, _Shown(first))


@router.post("/{department}")
async def act(
    request: Request,
    runtime: CurrentRuntime,
    content: CurrentDepartment,
    form: Annotated[FormData, Depends(_form)],
) -> HTMLResponse:
    """Do what the pressed button says, and show how the conversation stands then."""
    language = first_language(request, runtime, _said(form, "language"), content.profile.default_language)
    # Another site's form would put a resident, on the real page, into a conversation whose token it knows.
    if is_of_another_site(request):
        return _page(request, runtime, content, _Shown(language))
    if _said(form, "do") == "leave":  # whatever else is in the form, and wrong with it
        if shown_id := _said(form, "id"):
            runtime.in_background(_left(runtime, _Shown(language, shown_id, _said(form, "token"))))
        exit_url = runtime.settings.exit_url
        answer = render(request, "left.html", policy(), exit=exit_url)
        # Not the cache: it has no page of ours (no-store), and while a phone clears it, for seconds, the chat is shown.
        answer.headers["Clear-Site-Data"] = '"storage"'
        return answer
    fields = _read(form)
    shown = await _once(_Act(request, runtime, content, fields, _Shown(language, fields.id, fields.token)))
    return _page(request, runtime, content, shown)


def _said(form: FormData, name: str) -> str:
    value = form.get(name)
    return value if isinstance(value, str) else ""


def _read(form: FormData) -> _Fields:
    """The form's fields, but for empty ones; raises RequestValidationError."""
    try:
        return _Fields.model_validate({name: value for name, value in form.items() if value != ""})
    except ValidationError as error:
        raise RequestValidationError([{**each, "loc": ("body", *each["loc"])} for each in error.errors()]) from None


_done: dict[str, asyncio.Task[_Shown]] = {}
"""What the forms sent in the last _TAPS_S did, by a digest of all that they carried."""
_TAPS_S = 10


async def _once(act: _Act) -> _Shown:
    """What a form does. A second tap sends the same form: it does nothing, and is shown what the first did."""
    if not act.fields.message_id:
        return await _do(act)
    form = f"{act.content.profile.id} {act.fields.model_dump_json()}"
    key = hashlib.sha256(form.encode()).hexdigest()
    if key not in _done:
        _done[key] = asyncio.create_task(_do(act))
        asyncio.get_running_loop().call_later(_TAPS_S, _done.pop, key, None)
    return await asyncio.shield(_done[key])


async def _do(act: _Act) -> _Shown:
    """Do what the pressed button says, and what is to be shown then."""
    request, runtime, fields, shown = act.request, act.runtime, act.fields, act.shown
    do, _, act.argument = fields.do.partition(" ")
    request.state.language = shown.language
    if do == "send" and not fields.text.strip():  # Enter in a field presses the first button, which is "send"
        do = "resume" if fields.code.strip() else "callback" if fields.contact.strip() else do
    text = "" if do in {"send", "erase"} else fields.text
    kept = fields if do in NOT_ABOUT_FIELDS else _Fields.model_validate({"text": text})
    try:
        if do not in ACTS:
            raise BadRequest
        if fields.id and do != "resume":  # by a code another conversation is opened
            await runtime.flood.message((await _conversation(runtime, shown)).id, request)
        await ACTS[do](act)
        if shown.id:
            await _conversation(runtime, shown)
        shown.filled = kept
    except EnlaceError as error:
        if isinstance(error, Unauthorized):
            shown.id = shown.token = ""
        shown.problem = runtime.catalogs.gettext(shown.language, error.message, **error.values)
        shown.filled = fields
    if shown.id:
        try:
            conversation = await _conversation(runtime, shown)
        except Unauthorized:  # what was wrong was something else, and the chat is over, too
            shown.id = shown.token = ""
        else:
            shown.department = conversation.department
            transcript = await conversations.read(conversation, runtime)
            if transcript.messages:
                await conversations.seen(conversation, runtime, transcript.messages[-1].number)
            shown.messages = [each.model_dump(mode="json") for each in transcript.messages]
    return shown


@dataclass
class _Act:
    request: Request
    runtime: Runtime
    content: DepartmentContent
    fields: _Fields
    shown: _Shown
    argument: str = ""

    async def conversation(self) -> Any:
        return await _conversation(self.runtime, self.shown)

    def tell(self, what: str) -> None:
        self.shown.told = self.runtime.catalogs.gettext(self.shown.language, WORDS[what])


async def _left(runtime: Runtime, shown: _Shown) -> None:
    """Not waited for: who leaves fast has to be gone from the screen, whatever becomes of this."""
    try:
        await conversations.leave(await _conversation(runtime, shown), runtime)
    except Exception as error:
        log.error("a conversation could not be left: %s", kind_and_place(error))


async def _conversation(runtime: Runtime, shown: _Shown) -> Any:
    return await runtime.store.access(shown.id, shown.token)


async def _write(act: _Act, **message: Any) -> None:
    shown, runtime = act.shown, act.runtime
    if not shown.id:
        started = await conversations.begin(runtime, act.request, act.content.profile.id, None)
        shown.id, shown.token = started.id, started.token
    request = MessageRequest(id=act.fields.message_id or None, **message)
    reply = await conversations.say(runtime, await act.conversation(), request)
    if reply.reply.language in runtime.library.languages:
        shown.language = reply.reply.language


async def _send(act: _Act) -> None:
    await _write(act, text=act.fields.text)


async def _choice(act: _Act) -> None:
    await _write(act, choice=act.argument)


async def _language(act: _Act) -> None:
    if act.argument in act.runtime.library.languages:
        act.shown.language = act.argument
        if act.shown.id:
            conversation = await act.conversation()
            await act.runtime.store.set_language(conversation.id, act.argument)


async def _refresh(act: _Act) -> None:
    """The page is shown anew, and that is all."""


async def _erase(act: _Act) -> None:
    await conversations.erase(await act.conversation(), act.runtime)
    act.shown.id = act.shown.token = ""
    act.tell("erased")


async def _resume(act: _Act) -> None:
    opened = await handoff.resume(act.fields.code, act.request, act.runtime)
    act.shown.id, act.shown.token = opened.id, opened.token
    act.shown.language = (await act.conversation()).language


async def _agree(act: _Act) -> None:
    summary = act.fields.summary.replace("\r\n", "\n").strip()
    if len(summary) > MAX_SUMMARY_CHARS:
        raise MessageTooLong(limit=MAX_SUMMARY_CHARS)
    body = handoff.HandoffRequest(
        summary=summary or None,
        name=act.fields.name.strip()[:80] or None,
        whole_chat=bool(act.fields.whole_chat),
    )
    await handoff.agree(body, await act.conversation(), act.runtime)


async def _withdraw(act: _Act) -> None:
    await handoff.take_back(await act.conversation(), act.runtime)


async def _callback(act: _Act) -> None:
    contact, time = (each.strip()[:MAX_LINE_CHARS] or "-" for each in (act.fields.contact, act.fields.time))
    body = handoff.CallbackRequest(contact=contact, time=time, language=act.shown.language)
    await handoff.call_back(body, await act.conversation(), act.runtime)
    act.tell("call_noted")


async def _code(act: _Act) -> None:
    act.shown.code = (await handoff.code(await act.conversation(), act.runtime)).code
    act.tell("your_code")


async def _rate(act: _Act) -> None:
    body = handoff.Rating(helpful=act.argument == "yes", why=None)
    await handoff.rate_person(body, await act.conversation(), act.runtime)
    act.tell("rated")


async def _helpful(act: _Act) -> None:
    answer, _, given = act.argument.partition(" ")
    number = int(given) if given.isdecimal() else 0
    if number > MAX_ID:
        raise BadRequest
    conversation = await act.conversation()
    await act.runtime.store.rate_answer(conversation.id, number, answer == "yes")
    act.tell("rated")


ACTS: dict[str, Callable[[_Act], Awaitable[None]]] = {
    "send": _send,
    "choice": _choice,
    "language": _language,
    "refresh": _refresh,
    "erase": _erase,
    "resume": _resume,
    "agree": _agree,
    "withdraw": _withdraw,
    "callback": _callback,
    "code": _code,
    "rate": _rate,
    "helpful": _helpful,
}


def _page(request: Request, runtime: Runtime, content: DepartmentContent, shown: _Shown) -> HTMLResponse:
    profile = runtime.library.departments.get(shown.department, content).profile
    catalogs, languages = runtime.catalogs, runtime.library.languages
    said = {code: words(catalogs, code, runtime.settings.retention_days) for code in languages}
    messages = shown.messages
    if not messages:
        reply = runtime.renderer.greeting(profile.id, shown.language).model_dump(mode="json")
        messages = [
            {
                "author": "bot",
                "text": reply["text"],
                "language": shown.language,
                "reply": reply,
                "name": None,
                "number": None,
            }
        ]
    return render(
        request,
        "plain.html",
        policy(framed_by=content.profile.sites),
        page=content.profile.id,
        language=shown.language,
        directions={code: entry.direction for code, entry in languages.items()},
        names={code: entry.name for code, entry in languages.items()},
        words=said[shown.language],
        all_words={message["language"]: said.get(message["language"]) for message in messages},
        leave_says=catalogs.gettext(shown.language, LEAVE_SAYS),
        look=catalogs.gettext(shown.language, LOOK),
        department=profile.id,
        name=in_language(profile.short_name, shown.language),
        logo=theme.logo_url(profile),
        message_id=secrets.token_urlsafe(12),
        sources=partial(_sources, catalogs),
        id=shown.id,
        token=shown.token,
        problem=shown.problem,
        told=shown.told,
        code=shown.code,
        filled=shown.filled,
        max_chars=runtime.settings.max_message_chars,
        max_summary_chars=MAX_SUMMARY_CHARS,
        messages=messages,
    )


def _sources(
    catalogs: Catalogs, citations: list[dict[str, Any]], language: str, says: dict[str, str]
) -> dict[str, Any]:
    """An answer's `sources`, each with what is said of it alone (`own`), and what is the same for all (`once`)."""
    facts = [_facts(catalogs, citation, language, says) for citation in citations]
    same = {key for key in facts[0] if len(facts) > 1 and all(each[key] == facts[0][key] for each in facts)}
    once = {key: value if key in same else None for key, value in facts[0].items()}
    own = [{key: None if key in same else value for key, value in each.items()} for each in facts]
    return {
        "once": once,
        "sources": [citation | {"own": alone} for citation, alone in zip(citations, own, strict=True)],
    }


def _facts(catalogs: Catalogs, source: dict[str, Any], language: str, says: dict[str, str]) -> dict[str, str | None]:
    """What is said of a source."""
    day = source["effective"] or source["published"]
    kinds = {"official": "official_translation", "reviewed": "reviewed_translation"}
    return {
        "kind": says[kinds.get(source["translation_status"], "unofficial")] if source["translation"] else None,
        "publisher": source["publisher"],
        "title": source["title"],
        "section": source["section_title"],
        "date": f"{says['effective' if source['effective'] else 'published']}: "
        + catalogs.date(language, dt.date.fromisoformat(day))
        if day
        else says["undated"],
        "note": source["note"],
        "url": source["url"],
    }
