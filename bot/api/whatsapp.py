"""The webhook: `/webhooks/whatsapp`. What it carries is stored, and Meta is told 200; the rest comes later."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import PlainTextResponse, Response

from bot.api.dependencies import runtime_of
from bot.channels.whatsapp.channel import WhatsApp
from bot.channels.whatsapp.inbound import UnreadableError, read
from bot.errors import BadRequest, Forbidden, NotFound

log = logging.getLogger(__name__)
PATH = "/webhooks/whatsapp"
MAX_BODY = 3 * 1024 * 1024
"""The largest that Meta sends."""

router = APIRouter(prefix=PATH, include_in_schema=False)


def channel_of(request: Request) -> WhatsApp:
    """The channel of the running Enlace; raises NotFound where none is set up."""
    whatsapp = runtime_of(request).whatsapp
    if whatsapp is None:
        raise NotFound
    return whatsapp


Channel = Annotated[WhatsApp, Depends(channel_of)]


@router.get("")
async def verify(
    whatsapp: Channel,
    mode: Annotated[str, Query(alias="hub.mode", max_length=40)] = "",
    token: Annotated[str, Query(alias="hub.verify_token", max_length=400)] = "",
    challenge: Annotated[str, Query(alias="hub.challenge", max_length=400)] = "",
) -> Response:
    """Meta asks whether the webhook is ours: it is, if it knows our word."""
    if mode != "subscribe" or not hmac.compare_digest(token.encode(), whatsapp.verify_token.encode()):
        raise Forbidden
    return PlainTextResponse(challenge)


@router.post("")
async def receive(
    request: Request, whatsapp: Channel, signature: Annotated[str, Header(alias="x-hub-signature-256")] = ""
) -> Response:
    """Messages and statuses, one or a thousand of them."""
    raw = await request.body()
    expected = "sha256=" + hmac.new(whatsapp.app_secret.encode(), raw, hashlib.sha256).hexdigest()
    # As bytes: a header may hold what no text of ASCII does.
    if not hmac.compare_digest(signature.encode("latin-1", "replace"), expected.encode()):
        log.warning("a webhook of WhatsApp came without our app's signature, and was refused")
        raise Forbidden
    try:
        items = read(json.loads(raw))
    except (UnreadableError, ValueError, RecursionError) as error:
        raise BadRequest from error
    await whatsapp.take(items)
    return Response(status_code=200)
