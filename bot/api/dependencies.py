"""What the routes of the API, and of the pages, share: the running Enlace, the resident's conversation, the errors."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Path, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict

from bot.errors import ErrorAnswer, Unauthorized, Unavailable
from bot.runtime import Runtime

_HEADERS = {
    401: {"WWW-Authenticate": "The scheme of the token, which is Bearer."},
    429: {"Retry-After": "Seconds until there is room again."},
}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route answers where it can't do its work, for its `responses`; any may fail, or come before the start."""
    found: dict[int | str, dict[str, Any]] = {}
    for status in sorted({*statuses, 500, 503}):
        found[status] = {"model": ErrorAnswer}
        if status in _HEADERS:
            described = _HEADERS[status].items()
            found[status]["headers"] = {
                name: {"description": said, "schema": {"type": "string"}} for name, said in described
            }
    return found


BODY = (400, 413, 422)
"""Of what comes with a body."""
TOKEN = (401, 422)
"""Of what is about one conversation."""


class Body(BaseModel):
    """What a request carries: nothing but what is named."""

    model_config = ConfigDict(extra="forbid")


def runtime_of(request: Request) -> Runtime:
    """The running Enlace, once it answers; raises Unavailable until then."""
    runtime: Runtime | None = request.app.state.runtime
    if runtime is None:
        raise Unavailable
    return runtime


def is_of_another_site(request: Request) -> bool:
    """Whether another site's page had the browser send this, as far as the browser says: an older one says the origin
    alone, and "null" for a page that is to tell nobody where it is, as ours are.
    """
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    if site not in {None, "same-origin", "none"}:
        return True
    return origin not in {None, "null"} and urlsplit(origin).netloc != request.headers.get("host")


_bearer = HTTPBearer(auto_error=False, scheme_name="token", description="The conversation's token.")


async def access(
    request: Request,
    conversation_id: Annotated[str, Path(max_length=64, pattern=r"^[A-Za-z0-9_-]+$")],
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Any:
    """The conversation in the path, if the token is its own."""
    if given is None:
        raise Unauthorized
    conversation = await runtime_of(request).store.access(conversation_id, given.credentials.strip())
    request.state.language = conversation.language
    return conversation


CurrentRuntime = Annotated[Runtime, Depends(runtime_of)]
CurrentConversation = Annotated[Any, Depends(access)]
