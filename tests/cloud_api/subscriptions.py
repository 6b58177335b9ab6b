"""Where webhooks go: the app's callback with its handshake, and which apps an account tells."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request

from .access import CurrentCloud, check_app_token, check_user_token, check_version, no_node, parameters
from .checks import string
from .config import JSON
from .errors import GraphError
from .graph import check_account

router = APIRouter(dependencies=[Depends(check_version)])
OBJECT = "whatsapp_business_account"
FIELDS = frozenset(
    {
        "account_alerts",
        "account_review_update",
        "account_settings_update",
        "account_update",
        "automatic_events",
        "business_capability_update",
        "business_status_update",
        "business_username_update",
        "calls",
        "flows",
        "group_lifecycle_update",
        "group_participants_update",
        "group_settings_update",
        "group_status_update",
        "history",
        "message_echoes",
        "message_template_components_update",
        "message_template_quality_update",
        "message_template_status_update",
        "messages",
        "messaging_handovers",
        "partner_solutions",
        "payment_configuration_update",
        "phone_number_name_update",
        "phone_number_quality_update",
        "security",
        "smb_app_state_sync",
        "smb_message_echoes",
        "standby",
        "template_category_update",
        "template_correct_category_detection",
        "tracking_events",
        "user_id_update",
        "user_preferences",
    }
)


@router.get("/{version}/{node}/subscriptions", dependencies=[Depends(check_app_token)])
async def read(node: str, cloud: CurrentCloud) -> JSON:
    """The app's callback and the fields that it is told of."""
    if node != cloud.config.app_id:
        raise no_node("get", node)
    cloud.counters["subscriptions"] += 1
    if not cloud.courier.url:
        return {"data": []}
    fields = [{"name": name, "version": cloud.config.versions[-1]} for name in sorted(cloud.config.webhook_fields)]
    rest = {"callback_url": cloud.courier.url, "active": True, "fields": fields}
    return {"data": [{"object": OBJECT} | rest]}


@router.post("/{version}/{node}/subscriptions", dependencies=[Depends(check_app_token)])
async def subscribe(node: str, request: Request, cloud: CurrentCloud) -> JSON:
    """Set the app's callback. Parameters may be a form, a query or JSON. The callback is asked first."""
    if node != cloud.config.app_id:
        raise no_node("post", node)
    given = await parameters(request)
    if string(given, "object") != OBJECT:
        raise GraphError(100, "(#100) Param object must be one of {WHATSAPP_BUSINESS_ACCOUNT}", whatsapp=False)
    fields = given.get("fields", "messages")
    names = frozenset(fields.split(",") if isinstance(fields, str) else map(str, fields))
    if not names <= FIELDS:
        raise GraphError(100, "(#100) Param fields must be valid webhook fields", whatsapp=False)
    url = string(given, "callback_url")
    await _verify(cloud, url, string(given, "verify_token"))
    cloud.courier.url, cloud.config.webhook_fields = url, names
    return {"success": True}


async def _verify(cloud: CurrentCloud, url: str, token: str) -> None:
    cloud.counters["verify"] += 1
    if (reason := await cloud.courier.verify(url, token)) is not None:
        raise GraphError(2200, f"(#2200) {reason}", http=400, whatsapp=False)


@router.get("/{version}/{node}/subscribed_apps", dependencies=[Depends(check_user_token)])
async def apps(node: str, cloud: CurrentCloud) -> JSON:
    """The apps that the account tells of its webhooks."""
    check_account("get", node, cloud)
    cloud.counters["subscribed_apps"] += 1
    if not cloud.courier.app_subscribed:
        return {"data": []}
    data = {"id": cloud.config.app_id, "name": "Local Cloud API", "link": "https://www.facebook.com/games/?app_id=0"}
    app: JSON = {"whatsapp_business_api_data": data}
    if cloud.courier.override:
        app["override_callback_uri"] = cloud.courier.override
    return {"data": [app]}


@router.post("/{version}/{node}/subscribed_apps", dependencies=[Depends(check_user_token)])
async def add_app(node: str, request: Request, cloud: CurrentCloud) -> JSON:
    """Have the account tell the token's app, at its own callback if one is named."""
    check_account("post", node, cloud)
    given = await parameters(request)
    if "override_callback_uri" in given:
        url = string(given, "override_callback_uri")
        await _verify(cloud, url, string(given, "verify_token"))
        cloud.courier.override = url
    else:
        cloud.courier.override = None
    cloud.courier.app_subscribed = True
    return {"success": True}


@router.delete("/{version}/{node}/subscribed_apps", dependencies=[Depends(check_user_token)])
async def remove_app(node: str, cloud: CurrentCloud) -> JSON:
    """Have the account tell nobody."""
    check_account("delete", node, cloud)
    cloud.courier.app_subscribed, cloud.courier.override = False, None
    return {"success": True}
