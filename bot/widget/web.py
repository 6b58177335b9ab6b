"""What the residents' pages share: how they are rendered, and what a browser is told to allow them."""

from __future__ import annotations

import gzip
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from bot.api.dependencies import CurrentRuntime
from bot.content.library import DepartmentContent
from bot.content.models import Department
from bot.errors import UnknownDepartment
from bot.i18n import N_, in_language
from bot.runtime import Runtime

HERE = Path(__file__).parent
STATIC = HERE / "static"

API = "/api"
"""Where scripts, not people, read what went wrong."""

FAILED = N_("That did not work")
BACK = N_("Back to the chat")
"""On the page of an error."""

templates = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
    extensions=["jinja2.ext.i18n"],
)
# What residents load is small: letters as they are, no spaces between.
templates.policies["json.dumps_kwargs"] = {"sort_keys": True, "ensure_ascii": False, "separators": (",", ":")}


def department_of(department: str, runtime: CurrentRuntime) -> DepartmentContent:
    """The department in the path; raises UnknownDepartment."""
    content = runtime.library.departments.get(department)
    if content is None:
        raise UnknownDepartment
    return content


def failed(request: Request, message: str, language: str, status: int) -> HTMLResponse | None:
    """An error as a page, where a page was asked for; None: answer with JSON, for a script."""
    if request.url.path.startswith(API) or "text/html" not in request.headers.get("accept", ""):
        return None
    runtime: Runtime | None = request.app.state.runtime
    department = request.path_params.get("department")
    known = runtime is not None and department in runtime.library.departments
    say = partial(request.app.state.catalogs.gettext, language)
    # In a frame, too: else a city's page shows what its browser says of a site that refuses.
    answer = render(
        request,
        "error.html",
        policy(framed_by=["*"]),
        language=language,
        heading=say(FAILED),
        message=message,
        department=department if known else None,
        departments=departments_by_place(runtime, language) if runtime and not known else {},
        back=say(BACK),
    )
    answer.status_code = status
    return answer


def departments_by_place(runtime: Runtime, language: str) -> dict[str, str]:
    """The departments to choose from, by their ids."""
    return {name: label_of(entry.profile, language) for name, entry in runtime.library.departments.items()}


def label_of(profile: Department, language: str) -> str:
    """A department to be picked: the place first, since a phone shows only the beginning."""
    place, name = in_language(profile.place, language), in_language(profile.name, language)
    return name if name == place else f"{place}: {name}"


CurrentDepartment = Annotated[DepartmentContent, Depends(department_of)]


def first_language(request: Request, runtime: CurrentRuntime, wanted: str | None, default: str) -> str:
    """The language a page opens in: the one asked for, else the browser's, else the department's."""
    if wanted in runtime.library.languages:
        return str(wanted)
    return runtime.catalogs.negotiate(request.headers.get("accept-language"), default)


def policy(*, framed_by: list[str] | None = None) -> str:
    """A Content-Security-Policy for a page of ours.

    `framed_by`: origins whose pages may show it in a frame beside our own; None: no page may.
    """
    ancestors = "'none'" if framed_by is None else " ".join(["'self'", *framed_by])
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        f"frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors {ancestors}; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )


def render(request: Request, template: str, content_policy: str, **values: Any) -> HTMLResponse:
    """A page with its policy, compressed where the browser takes that."""
    html = templates.get_template(template).render(**values).encode()
    headers = {
        "Content-Security-Policy": content_policy,
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Vary": "Accept-Encoding",
    }
    if "gzip" in request.headers.get("accept-encoding", ""):
        html, headers["Content-Encoding"] = gzip.compress(html), "gzip"
    return HTMLResponse(html, headers=headers)
