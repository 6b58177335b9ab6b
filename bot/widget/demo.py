"""The demonstration site: a made-up city's page for each department, with the widget in it. `make run` opens on it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from bot.api.dependencies import CurrentRuntime
from bot.i18n import N_, in_language
from bot.runtime import Runtime
from bot.widget.page import Language
from bot.widget.web import CurrentDepartment, first_language, policy, render

router = APIRouter(prefix="/demo", include_in_schema=False)

WORDS = {
    "marked": N_("Demonstration: this city is made up, and this is no department’s own site."),
    "title": N_("Enlace: demonstration"),
    "choose": N_("A made-up city for each department whose texts are here. Choose one and press the button below."),
    "city": N_("City of Exampleville"),
    "police": N_("Police and safety"),
    "lead": N_("Questions about the police? The button at the bottom of this page answers."),
    "answers_for": N_("The answers are from the published texts of: %(department)s."),
    "news": N_("News of the city"),
    "news_one": N_("The library on Main Street is open on Sundays again."),
    "news_two": N_("Market day: bring your own bag."),
    "line": N_("The one line that puts the button here"),
    "others": N_("Other ways in"),
    "full_page": N_("The chat as a page of its own"),
    "without_script": N_("The page that works without JavaScript"),
    "phone": N_("WhatsApp on a phone that is a page"),
    "console": N_("The liaisons’ console"),
    "account": N_("The console needs an account: see “enlace liaison add --help”."),
    "back": N_("All departments"),
}


@router.get("")
async def index(request: Request, runtime: CurrentRuntime, language: Language = None) -> HTMLResponse:
    """The departments to choose from."""
    shown = first_language(request, runtime, language, "en")
    departments = {name: in_language(entry.profile.name, shown) for name, entry in runtime.library.departments.items()}
    return render(request, "demo_index.html", policy(), departments=departments, **_common(runtime, shown))


@router.get("/{department}")
async def city(
    request: Request, runtime: CurrentRuntime, content: CurrentDepartment, language: Language = None
) -> HTMLResponse:
    """The made-up city's page, with the widget of one department."""
    profile = content.profile
    shown = first_language(request, runtime, language, profile.default_language)
    common = _common(runtime, shown, department=in_language(profile.name, shown))
    return render(request, "demo.html", policy(), department=profile.id, **common)


def _common(runtime: Runtime, language: str, **values: str) -> dict[str, Any]:
    languages = runtime.library.languages
    return {
        "language": language,
        "direction": languages[language].direction,
        "names": {code: entry.name for code, entry in languages.items()},
        "words": {key: _say(runtime, language, text, values) for key, text in WORDS.items()},
        "phone": runtime.settings.demo_phone,
        "public_url": runtime.settings.public_url.rstrip("/"),
    }


def _say(runtime: Runtime, language: str, text: str, values: dict[str, str]) -> str:
    named = {key: value for key, value in values.items() if f"%({key})s" in text}
    return "" if "%(" in text and not named else runtime.catalogs.gettext(language, text, **named)
