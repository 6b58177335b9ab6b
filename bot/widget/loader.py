"""`/widget.js`: what the one line on a department's own page loads."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from bot.api.dependencies import CurrentRuntime
from bot.widget import theme
from bot.widget.assets import lean, packed
from bot.widget.web import HERE, templates
from bot.widget.words import button_words

router = APIRouter(include_in_schema=False)


@router.get("/widget.js")
async def script(request: Request, runtime: CurrentRuntime) -> Response:
    """The button, for every department that is served; any page may load it."""
    library = runtime.library
    site = {
        "departments": {
            name: {"language": entry.profile.default_language, **theme.button(entry.profile.theme)}
            for name, entry in library.departments.items()
        },
        "words": button_words(runtime.catalogs, library),
        "exit": runtime.settings.exit_url,
        "css": lean((HERE / "templates/widget.css").read_text(encoding="utf-8"), "text/css"),
    }
    text = lean(templates.get_template("widget.js").render(site=site), "text/javascript")
    return packed(request, text, "text/javascript", {"Cross-Origin-Resource-Policy": "cross-origin"})
