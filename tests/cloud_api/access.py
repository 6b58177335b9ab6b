"""Who may ask what: the version in the path, the access token, and the Graph API's words for the rest."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Path, Request

from .cloud import Cloud
from .config import JSON
from .errors import GraphError

CREDENTIALS = {"access_token", "appsecret_proof"}
DOCUMENTATION = "Please read the Graph API documentation at https://developers.facebook.com/docs/graph-api"


def cloud_of(request: Request) -> Cloud:
    """The state of the server."""
    cloud: Cloud = request.app.state.cloud
    return cloud


CurrentCloud = Annotated[Cloud, Depends(cloud_of)]


def check_version(request: Request, cloud: CurrentCloud, version: Annotated[str, Path()]) -> None:
    """Refuse a version that never was, and one that has expired."""
    versions = cloud.config.versions
    if version in versions:
        return
    if re.fullmatch(r"v\d+\.\d+", version) and _order(version) < min(map(_order, versions)):
        latest = max(versions, key=_order)
        message = (
            f"(#2635) You are calling a deprecated version of the API. Please update to the latest version: {latest}."
        )
        raise GraphError(2635, message, http=400, whatsapp=False)
    rest = request.url.path.removeprefix(f"/{version}")
    raise GraphError(2500, f"Unknown path components: {rest}", http=400, whatsapp=False)


def _order(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.removeprefix("v").split(".")))


def token_of(request: Request) -> str:
    """The token that a request came with: in its header or, as the Graph API also takes it, in its query."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.casefold() in {"bearer", "oauth"} and token.strip():
        return token.strip()
    return request.query_params.get("access_token", "")


def check_token(request: Request, cloud: CurrentCloud) -> str:
    """The token, if it is the app's or the system user's and hasn't expired."""
    token, config = token_of(request), cloud.config
    if not token:
        raise GraphError(190, "Authentication Error", whatsapp=False)
    expires = config.token_expires_at
    if token in config.expired_tokens or (token == config.token and 0 < expires <= cloud.clock.now()):
        message = "Error validating access token: Session has expired. The user must log in again."
        raise GraphError(190, message, subcode=463, whatsapp=False)
    if token not in {config.token, config.app_token}:
        raise GraphError(190, "Invalid OAuth access token - Cannot parse access token", whatsapp=False)
    proof = request.query_params.get("appsecret_proof")
    if proof not in {None, hmac.new(config.app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()}:
        raise GraphError(100, "Invalid appsecret_proof provided in the API argument", whatsapp=False)
    return token


def check_user_token(token: Annotated[str, Depends(check_token)], cloud: CurrentCloud) -> None:
    """Refuse the app's own token: it has none of WhatsApp's permissions."""
    if token != cloud.config.token:
        raise GraphError(10, "(#10) Application does not have permission for this action", whatsapp=False)


def check_app_token(token: Annotated[str, Depends(check_token)], cloud: CurrentCloud) -> None:
    """Refuse any token but the app's own."""
    if token != cloud.config.app_token:
        message = "(#15) This method must be called with an app access_token."
        raise GraphError(15, message, http=400, whatsapp=False)


def no_node(method: str, node: str) -> GraphError:
    """The refusal of an object that there isn't, or that the token doesn't reach."""
    message = (
        f"Unsupported {method} request. Object with ID '{node}' does not exist, cannot be loaded due to missing "
        f"permissions, or does not support this operation. {DOCUMENTATION}"
    )
    return GraphError(100, message, http=400, subcode=33, kind="GraphMethodException", whatsapp=False)


async def parameters(request: Request) -> JSON:
    """The request's parameters: of its query, and of its JSON object or form. What can't be read counts as none."""
    found: JSON = {key: value for key, value in request.query_params.items() if key not in CREDENTIALS}
    body, kind = await request.body(), request.headers.get("content-type", "")
    if kind.startswith("application/x-www-form-urlencoded"):
        return found | dict(parse_qsl(body.decode("utf-8", "replace")))
    try:
        given = json.loads(body) if kind.startswith("application/json") else {}
    except ValueError:
        given = {}
    return found | (given if isinstance(given, dict) else {})


def chosen(node: JSON, fields: str | None, default: tuple[str, ...], kind: str) -> JSON:
    """A node with the fields that were asked for, and always its id."""
    names = [name.strip() for name in re.sub(r"\{[^}]*\}", "", fields).split(",")] if fields else default
    for name in names:
        if name not in node:
            message = f"(#100) Tried accessing nonexisting field ({name}) on node type ({kind})"
            raise GraphError(100, message, whatsapp=False)
    return {name: node[name] for name in names} | {"id": node["id"]}
