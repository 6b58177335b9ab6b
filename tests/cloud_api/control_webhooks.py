"""The part of the control API that is about webhooks: which go, when, how signed, and what came of them.

`control` says what each call takes and answers.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, HTTPException, Query
from pydantic import BaseModel, ConfigDict

from .access import CurrentCloud
from .cloud import USUAL
from .config import JSON
from .phones import RANKS
from .webhooks import Signature, envelope

router = APIRouter(prefix="/_control")


class Forged(BaseModel):
    """A webhook to deliver as it is."""

    model_config = ConfigDict(extra="forbid")

    payload: dict[str, Any] | str
    signature: Signature = "valid"
    escape: bool = True


class Release(BaseModel):
    """How held webhooks go."""

    model_config = ConfigDict(extra="forbid")

    size: int = 1
    merge: bool = False
    shuffle: bool = False
    seed: int = 0
    copies: int = 1


@router.post("/webhook")
async def forge(forged: Forged, cloud: CurrentCloud) -> JSON:
    """Deliver a payload, signed in any way."""
    status, body = await cloud.courier.forged(forged.payload, forged.signature, forged.escape)
    return {"status": status, "body": body}


@router.post("/change")
async def change(given: Annotated[JSON, Body()], cloud: CurrentCloud) -> JSON:
    """Deliver a webhook of any field, subscribed to or not."""
    cloud.courier.carry(envelope(cloud.config, [{"value": given["value"], "field": given["field"]}]))
    return {}


@router.post("/hold")
async def hold(cloud: CurrentCloud) -> JSON:
    """Hold webhooks back."""
    cloud.courier.held = cloud.courier.held or []
    return {}


@router.post("/release")
async def release(how: Release, cloud: CurrentCloud) -> JSON:
    """Let held webhooks go."""
    return {"webhooks": cloud.courier.release(**how.model_dump())}


@router.post("/delivery")
async def delivery(given: Annotated[JSON, Body()], cloud: CurrentCloud) -> JSON:
    """Set how webhooks are delivered."""
    courier = cloud.courier
    courier.copies = given.get("copies", courier.copies)
    courier.url = given.get("url", courier.url)
    courier.config.retry_delays_s = tuple(given.get("retry_delays_s", courier.config.retry_delays_s))
    courier.config.escape = given.get("escape", courier.config.escape)
    return {"copies": courier.copies, "url": courier.url}


@router.get("/deliveries")
async def deliveries(cloud: CurrentCloud) -> list[JSON]:
    """Every webhook so far."""
    return [each.view() for each in cloud.courier.deliveries]


@router.post("/statuses")
async def statuses(given: Annotated[JSON, Body()], cloud: CurrentCloud) -> JSON:
    """Set the statuses of every message from now on."""
    order = tuple(given.get("order", USUAL))
    if not set(order) <= set(RANKS):
        raise HTTPException(400, f"statuses are {sorted(RANKS)}")
    cloud.order = order
    return {"order": order}


@router.post("/verify")
async def verify(given: Annotated[JSON, Body()], cloud: CurrentCloud) -> JSON:
    """Ask the callback as before a subscription."""
    url = given.get("url") or cloud.courier.callback or ""
    reason = await cloud.courier.verify(url, given.get("verify_token", cloud.config.verify_token))
    return {"verified": reason is None, "reason": reason}


@router.get("/idle")
async def idle(cloud: CurrentCloud, timeout_s: Annotated[float, Query(le=60)] = 5) -> JSON:
    """Wait until nothing is under way."""
    return {"idle": await cloud.idle(timeout_s)}
