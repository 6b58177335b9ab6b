"""The plain page at `/`: pick a department, ask, read the answer and the words it stands on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from bot.channels.web import CurrentRuntime
from bot.content.models import Department
from bot.handoffs.satisfaction import WHY
from bot.i18n import N_
from bot.renderer import in_language

HERE = Path(__file__).parent
STATIC = HERE / "static"

router = APIRouter()

_templates = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
    extensions=["jinja2.ext.i18n"],
)

# The words that chat.js says; the page carries them in every language, so that switching needs no reload.
WORDS = {
    "title": N_("Ask your police department"),
    "intro": N_(
        "Answers come from the department’s own published words, and you see those words. "
        "I never ask for your name or your immigration status."
    ),
    "emergency": N_("In an emergency, call 911. This chat does not reach the police."),
    "privacy": N_(
        "Please do not send names, documents or immigration status. The chat is stored, and a court can order "
        "that it be handed over. You can erase it at any time."
    ),
    "department": N_("Police department"),
    "language": N_("Language"),
    "placeholder": N_("Write your question"),
    "send": N_("Send"),
    "erase": N_("Erase this chat"),
    "erased": N_("The chat was erased."),
    "sources": N_("The published words"),
    "unofficial": N_("Unofficial translation, not reviewed by the department"),
    "reviewed_translation": N_("Reviewed translation"),
    "original": N_("Original text"),
    "unreviewed": N_("Nobody at the department has reviewed this summary yet. The quoted words are the department’s."),
    "published": N_("Published"),
    "effective": N_("In effect since"),
    "undated": N_("No date in the text"),
    "you": N_("You"),
    "enlace": N_("Enlace"),
    "typing": N_("Looking in the published text…"),
    "offline": N_("There is no connection. Your message was not sent. If you are in danger now, call 911."),
    "retry": N_("Try again"),
    "person_typing": N_("Somebody is writing to you…"),
    "summary": N_("What I pass on. You can change it, or leave it empty."),
    "name": N_("What you want to be called, if you like"),
    "whole_chat": N_("They may also read what I have written here so far"),
    "connect": N_("Yes, pass it on"),
    "stay": N_("No, stay here"),
    "call_me": N_("Ask to be called back"),
    "contact": N_("Phone number with area code, or email"),
    "contact_kept": N_(
        "Only the department’s liaisons see this. It is stored encrypted, and deleted some days after they have called."
    ),
    "time": N_("When it suits you"),
    "call_language": N_("Language for the call"),
    "call_noted": N_("It is noted. If you are in danger now, do not wait for the call: call 911."),
    "get_code": N_("Get a code for later"),
    "your_code": N_("Your code:"),
    "code_kept": N_("Write it down. It opens this chat once, also on another phone. Whoever has it can read the chat."),
    "have_code": N_("I have a code from before"),
    "code": N_("Code"),
    "open_chat": N_("Open the chat"),
    "withdraw": N_("I no longer want a person"),
    "helped": N_("Did it help you?"),
    "yes": N_("Yes"),
    "no": N_("No"),
    "why": N_("What was it most?"),
    "rated": N_("Thank you."),
} | {f"why_{key}": label for labels in WHY.values() for key, label in labels.items()}


@router.get("/", response_class=HTMLResponse, include_in_schema=False)
async def home(
    request: Request,
    runtime: CurrentRuntime,
    language: Annotated[str | None, Query(max_length=8)] = None,
    department: Annotated[str | None, Query(max_length=64)] = None,
) -> HTMLResponse:
    """The page, in the language asked for, else the browser's."""
    library, catalogs = runtime.library, runtime.catalogs
    if language not in library.languages:
        language = catalogs.negotiate(request.headers.get("accept-language"), "es")
    if department not in library.departments:
        department = next(iter(library.departments))
    words = {code: {key: catalogs.gettext(code, text) for key, text in WORDS.items()} for code in library.languages}
    data = {
        "words": words,
        "language": language,
        "department": department,
        "names": {code: entry.name for code, entry in library.languages.items()},
        "directions": {code: entry.direction for code, entry in library.languages.items()},
        "why": {answer: list(labels) for answer, labels in WHY.items()},
        "departments": {
            name: {code: _label(entry.profile, code) for code in library.languages}
            for name, entry in library.departments.items()
        },
    }
    shown = {key: data[key] for key in ("language", "department", "names", "directions", "departments")}
    html = _templates.get_template("chat.html").render(words=words[language], data=data, **shown)
    return HTMLResponse(html)


def _label(profile: Department, language: str) -> str:
    """A department in the picker: the place first, since a phone shows only the beginning."""
    place, name = in_language(profile.place, language), in_language(profile.name, language)
    return name if name == place else f"{place}: {name}"
