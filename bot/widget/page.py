"""The plain page at `/`: pick a department, ask, read the answer and the words it stands on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from bot.channels.web import CurrentRuntime
from bot.content.models import Department
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
}


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
