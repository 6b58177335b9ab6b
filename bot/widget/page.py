"""The chat: at `/` with departments to choose from, at `/chat/<department>` for one, on its own or in a frame."""

from __future__ import annotations

import secrets
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from bot.api.dependencies import CurrentRuntime
from bot.content.library import DepartmentContent
from bot.handoffs.desk import MAX_SUMMARY_CHARS
from bot.i18n import N_, in_language
from bot.messages import REASONS
from bot.runtime import Runtime
from bot.widget import theme
from bot.widget.web import CurrentDepartment, departments_by_place, first_language, label_of, policy, render
from bot.widget.words import words

router = APIRouter(include_in_schema=False)
Language = Annotated[str | None, Query(max_length=8)]
CHOOSE = N_("Which police department is your question about?")


@router.get("/")
async def home(
    request: Request,
    runtime: CurrentRuntime,
    language: Language = None,
    department: Annotated[str | None, Query(max_length=64)] = None,
) -> HTMLResponse:
    """The chat with the department asked for; of several one is chosen first, whose rules one reads then."""
    departments = runtime.library.departments
    content = departments.get(department or "")
    if content is None and len(departments) == 1:
        content = next(iter(departments.values()))
    if content is None:
        return _choose(request, runtime, language)
    return _chat(request, runtime, content, language, pick=True)


@router.get("/chat/{department}")
async def chat(
    request: Request, runtime: CurrentRuntime, content: CurrentDepartment, language: Language = None
) -> HTMLResponse:
    """The chat with one department; the sites of its profile may show it in a frame."""
    return _chat(request, runtime, content, language, pick=False)


def _choose(request: Request, runtime: Runtime, wanted: str | None) -> HTMLResponse:
    """The departments to choose from."""
    library, language = runtime.library, first_language(request, runtime, wanted, "en")
    return render(
        request,
        "choose.html",
        policy(),
        language=language,
        direction=library.languages[language].direction,
        names={code: entry.name for code, entry in library.languages.items()},
        words=words(runtime.catalogs, language, runtime.settings.retention_days),
        choose=runtime.catalogs.gettext(language, CHOOSE),
        departments=departments_by_place(runtime, language),
    )


def _chat(
    request: Request, runtime: Runtime, content: DepartmentContent, wanted: str | None, pick: bool
) -> HTMLResponse:
    profile, library = content.profile, runtime.library
    language = first_language(request, runtime, wanted, profile.default_language)
    said = {code: words(runtime.catalogs, code, runtime.settings.retention_days) for code in library.languages}
    several = pick and len(library.departments) > 1
    data: dict[str, Any] = {
        "words": said,
        "department": profile.id,
        "department_names": {code: in_language(profile.short_name, code) for code in library.languages},
        "directions": {code: entry.direction for code, entry in library.languages.items()},
        "names": {code: entry.name for code, entry in library.languages.items()},
        "departments": _picker(runtime) if several else {},
        "greetings": {code: _greeting(runtime, profile.id, code) for code in library.languages},
        "why": {answer: list(labels) for answer, labels in REASONS.items()},
        "exit": runtime.settings.exit_url,
        "max_summary_chars": MAX_SUMMARY_CHARS,
    }
    shown = {key: data[key] for key in ("department", "department_names", "directions", "names", "departments")}
    return render(
        request,
        "chat.html",
        policy(framed_by=profile.sites),
        language=language,
        words=said[language],
        data=data,
        max_chars=runtime.settings.max_message_chars,
        logo=theme.logo_url(profile),
        message_id=secrets.token_urlsafe(12),
        **shown,
    )


def _greeting(runtime: Runtime, department: str, language: str) -> dict[str, Any]:
    """The greeting as a reply, without what it doesn't have."""
    reply = runtime.renderer.greeting(department, language).model_dump(mode="json")
    return {key: reply[key] for key in ("kind", "text", "citations", "choices", "steps", "forms")}


def _picker(runtime: Runtime) -> dict[str, dict[str, str]]:
    return {
        name: {code: label_of(entry.profile, code) for code in runtime.library.languages}
        for name, entry in runtime.library.departments.items()
    }
