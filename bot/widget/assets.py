"""The residents' scripts and styles, sent small: without what only their readers need, in one, and compressed once."""

from __future__ import annotations

import functools
import gzip
import hashlib
import mimetypes
import re

from fastapi import APIRouter, Request
from fastapi.responses import Response

from bot.errors import NotFound
from bot.widget.web import STATIC

router = APIRouter(prefix="/static", include_in_schema=False)

SCRIPT = "chat.js"
MODULES = ("page.js", "person.js", "message.js", "leave.js", SCRIPT)
"""What is sent as SCRIPT, each after those that it needs at once: together they are a tenth smaller than one by one."""
_LINK = re.compile(r"^import .*\n|^export ", re.MULTILINE)

_COMMENT = {
    "text/javascript": re.compile(r"^\s*//.*\n", re.MULTILINE),
    "text/css": re.compile(r"^\s*/\*.*\*/\n", re.MULTILINE),
}
_SCRIPT_SPACE = re.compile(r"(?<=[;{,])\n|(?<=\{) | (?=\})")
_INDENT = re.compile(r"^\s+", re.MULTILINE)
_CSS_SPACE = re.compile(r"\s*([{};])\s*|(?<=:)\s+")


@router.get("/{name}")
async def asset(name: str, request: Request) -> Response:
    """A file of static/."""
    if name not in _names():
        raise NotFound
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return packed(request, lean(source(name), media_type), media_type)


def source(name: str) -> str:
    """A file of static/ as it is sent, but for its comments and spaces."""
    if name != SCRIPT:
        return (STATIC / name).read_text(encoding="utf-8")
    return "".join(_LINK.sub("", (STATIC / part).read_text(encoding="utf-8")) for part in MODULES)


def packed(request: Request, text: str, media_type: str, headers: dict[str, str] | None = None) -> Response:
    """`text` compressed where the browser takes that, to be asked for again when it has changed."""
    tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:16]}"'
    headers = {"Cache-Control": "max-age=300", "ETag": tag, "Vary": "Accept-Encoding"} | (headers or {})
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(text, media_type=media_type, headers=headers)
    return Response(_compressed(text), media_type=media_type, headers=headers | {"Content-Encoding": "gzip"})


def lean(text: str, media_type: str) -> str:
    """A script or a style without its comments and indentation: every visitor of a department's page loads it."""
    if media_type not in _COMMENT:
        return text
    text = _INDENT.sub("", _COMMENT[media_type].sub("", text))
    return _CSS_SPACE.sub(r"\1", text) if media_type == "text/css" else _SCRIPT_SPACE.sub("", text)


@functools.cache
def _names() -> frozenset[str]:
    return frozenset(path.name for path in STATIC.iterdir())


@functools.lru_cache(64)
def _compressed(text: str) -> bytes:
    return gzip.compress(text.encode(), 9, mtime=0)
