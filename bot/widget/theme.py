"""A department's colors and logo, as its profile has them."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import FileResponse, RedirectResponse, Response

from bot.api.dependencies import CurrentRuntime
from bot.content.colors import ink_on
from bot.content.models import Department, Theme
from bot.widget.web import CurrentDepartment

router = APIRouter(prefix="/theme", include_in_schema=False)

_SHORT = {"Cache-Control": "max-age=300"}
_ICON = "/static/icon.svg"


@router.get("/{department}.css")
async def style(content: CurrentDepartment) -> Response:
    """The accent's custom properties; the other colors are those of static/colors.css."""
    theme = content.profile.theme
    css = f":root {{ {_accent(theme.accent)} }}\n"
    css += f"@media (prefers-color-scheme: dark) {{ :root {{ {_accent(theme.accent_dark)} }} }}\n"
    return Response(css, media_type="text/css", headers=_SHORT)


@router.get("/{department}/logo")
async def logo(content: CurrentDepartment, runtime: CurrentRuntime) -> Response:
    """The department's logo; as an image it can run nothing, and on its own neither."""
    name = content.profile.theme.logo
    if name is None:
        return RedirectResponse(_ICON)
    path = runtime.settings.data_dir / "faq" / content.profile.id / name
    return FileResponse(path, headers=_SHORT | {"Content-Security-Policy": "default-src 'none'; sandbox"})


def logo_url(profile: Department) -> str:
    """Where a page gets the logo, or Enlace's own mark where the department has none."""
    return f"/theme/{profile.id}/logo" if profile.theme.logo else _ICON


def button(theme: Theme) -> dict[str, str]:
    """How the button on the department's own page looks."""
    return {"accent": theme.accent, "on_accent": ink_on(theme.accent), "position": theme.position}


def _accent(color: str) -> str:
    return f"--accent: {color}; --on-accent: {ink_on(color)};"
