"""The Graph API's endpoints: messages, numbers, templates, media and tokens."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse

from .access import CurrentCloud, check_token, check_user_token, check_version, chosen, no_node, parameters
from .checks import one_of
from .cloud import Cloud
from .config import JSON, Number
from .errors import GraphError
from .faults import Fault, before, cut
from .messages import Seen, check_request

router = APIRouter(dependencies=[Depends(check_version)])
PHONE = "WhatsAppBusinessAccountToNumberCurrentStatus"
PHONE_FIELDS = (
    "verified_name",
    "code_verification_status",
    "display_phone_number",
    "quality_rating",
    "platform_type",
    "throughput",
    "webhook_configuration",
)
TEMPLATE_FIELDS = ("name", "parameter_format", "components", "language", "status", "category")
Limit = Annotated[int, Query(ge=1, le=1000)]
SCOPES = ["whatsapp_business_management", "whatsapp_business_messaging"]


def phone_node(cloud: Cloud, number: Number) -> JSON:
    """A business phone number, with every field that may be asked for."""
    configuration = {"application": cloud.courier.url or ""}
    if cloud.courier.override:
        configuration["whatsapp_business_account"] = cloud.courier.override
    node: JSON = {
        "id": number.id,
        "verified_name": number.name,
        "code_verification_status": "VERIFIED",
        "display_phone_number": number.display_phone_number,
        "quality_rating": "GREEN",
        "platform_type": "CLOUD_API",
        "throughput": {"level": "STANDARD"},
        "webhook_configuration": configuration,
        "status": "CONNECTED",
        "name_status": "APPROVED",
        "account_mode": "LIVE",
        "is_official_business_account": False,
        "is_pin_enabled": True,
        "messaging_limit_tier": "TIER_2K",
        "host_platform": "CLOUD_API",
        "health_status": {
            "can_send_message": "AVAILABLE",
            "entities": [{"entity_type": "PHONE_NUMBER", "id": number.id, "can_send_message": "AVAILABLE"}],
        },
    }
    return node | cloud.number_changes.get(number.id, {})


@router.post("/{version}/{node}/messages", dependencies=[Depends(check_user_token)])
async def send(node: str, request: Request, cloud: CurrentCloud) -> Response:
    """Send a message, mark one as read, or show that an answer is being written."""
    number = cloud.number(node)
    if number is None:
        raise no_node("post", node)
    body = await parameters(request)
    fault = cloud.faults.next("read" if "status" in body else "send")
    if (instead := await before(fault)) is not None:
        return instead
    checked = check_request(body, cloud.config)
    if isinstance(checked, Seen):
        cloud.seen(number, checked)
        cloud.count("typing" if checked.typing else "read", node, body)
        answer: JSON = {"success": True}
    else:
        if phone_node(cloud, number)["status"] not in {"CONNECTED", "FLAGGED"}:
            raise GraphError(133010)
        answer = cloud.send(number, checked, fault)
        cloud.count(f"send:{checked.kind}", node, body, answer["messages"][0]["id"])
    return _dropped(fault, request) or JSONResponse(answer)


@router.post("/{version}/{node}/register", dependencies=[Depends(check_user_token)])
async def register(node: str, request: Request, cloud: CurrentCloud) -> JSON:
    """Register a number, with a PIN that is its from then on: before that, it sends nothing."""
    number = cloud.number(node)
    if number is None:
        raise no_node("post", node)
    given = await parameters(request)
    one_of(given, "messaging_product", {"whatsapp"})
    if not re.fullmatch(r"\d{6}", str(given.get("pin", ""))):
        raise GraphError(100, "(#100) Param pin must be 6 characters long.", whatsapp=False)
    cloud.number_changes.setdefault(node, {})["status"] = "CONNECTED"
    cloud.counters["register"] += 1
    return {"success": True}


def _dropped(fault: Fault | None, request: Request) -> Response | None:
    if fault is None or fault.what != "drop":
        return None
    cut(request)
    return Response(status_code=500)  # nobody gets it


@router.get("/{version}/debug_token")
async def debug_token(
    input_token: str, cloud: CurrentCloud, token: Annotated[str, Depends(check_token)]
) -> dict[str, JSON]:
    """What a token is good for."""
    cloud.counters["debug_token"] += 1
    config = cloud.config
    expires = config.token_expires_at
    late = input_token == config.token and 0 < expires <= cloud.clock.now()
    known: JSON = {
        "app_id": config.app_id,
        "type": "SYSTEM_USER",
        "application": "Local Cloud API",
        "data_access_expires_at": 0,
        "expires_at": expires,
        "is_valid": True,
        "issued_at": 1_760_000_000,
        "scopes": SCOPES,
        "granular_scopes": [{"scope": scope, "target_ids": [config.waba_id]} for scope in SCOPES],
        "user_id": "3001",
    }
    if input_token in config.expired_tokens or late:
        error = {"code": 190, "message": "Error validating access token: Session has expired.", "subcode": 463}
        return {"data": known | {"error": error, "is_valid": False, "expires_at": expires or 1_760_000_000}}
    if input_token == config.app_token:
        app = {"app_id": config.app_id, "type": "APP", "application": "Local Cloud API", "is_valid": True, "scopes": []}
        return {"data": app}
    if input_token != config.token:
        error = {"code": 190, "message": "Invalid OAuth access token - Cannot parse access token"}
        return {"data": {"error": error, "is_valid": False, "scopes": []}}
    return {"data": known}


@router.get("/{version}/{node}", dependencies=[Depends(check_user_token)])
async def read(node: str, cloud: CurrentCloud, fields: str | None = None) -> JSON:
    """A phone number, the account, or media that a user has sent."""
    if number := cloud.number(node):
        cloud.counters["phone_number"] += 1
        return chosen(phone_node(cloud, number), fields, PHONE_FIELDS, PHONE)
    if node == cloud.config.waba_id:
        cloud.counters["account"] += 1
        account = {"id": node, "name": "Local account", "timezone_id": "1", "currency": "USD"} | {
            "account_review_status": "APPROVED",
            "message_template_namespace": "local",
            "status": "ACTIVE",
        }
        return chosen(account, fields, ("name", "timezone_id", "message_template_namespace"), "WhatsAppBusinessAccount")
    # Whoever asks for media is counted, whether there is such media or not: no message needs it.
    cloud.counters["media"] += 1
    if node not in cloud.media:
        raise no_node("get", node)
    url = f"https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid={node}"
    digest = hashlib.sha256(node.encode()).hexdigest()
    rest = {"mime_type": "image/jpeg", "sha256": digest, "file_size": 1024, "id": node}
    return {"messaging_product": "whatsapp", "url": url} | rest


@router.get("/{version}/{node}/phone_numbers", dependencies=[Depends(check_user_token)])
async def phone_numbers(
    node: str, cloud: CurrentCloud, fields: str | None = None, limit: Limit = 25, after: str = ""
) -> JSON:
    """The account's numbers."""
    check_account("get", node, cloud)
    cloud.counters["phone_numbers"] += 1
    nodes = [chosen(phone_node(cloud, number), fields, PHONE_FIELDS, PHONE) for number in cloud.config.numbers]
    return page(nodes, limit, after, "")


@router.get("/{version}/{node}/message_templates", dependencies=[Depends(check_user_token)])
async def templates(
    node: str,
    request: Request,
    cloud: CurrentCloud,
    fields: str | None = None,
    name: str = "",
    language: str = "",
    status: str = "",
    category: str = "",
    limit: Limit = 25,
    after: str = "",
) -> JSON:
    """The account's templates, by pages."""
    check_account("get", node, cloud)
    cloud.counters["templates:list"] += 1
    found = cloud.templates.select(name, language, status, category)
    nodes = [chosen(each.node(), fields, TEMPLATE_FIELDS, "WhatsAppMessageTemplate") for each in found]
    return page(nodes, limit, after, str(request.url.remove_query_params(["after", "access_token"])))


@router.post("/{version}/{node}/message_templates", dependencies=[Depends(check_user_token)])
async def create_template(node: str, request: Request, cloud: CurrentCloud) -> JSON:
    """Create a template; it is approved at once or, if so configured, waits for the control API."""
    check_account("post", node, cloud)
    template = cloud.templates.create(await parameters(request))
    cloud.counters["templates:create"] += 1
    cloud.template_changed(template)
    return {"id": template.id, "status": template.status, "category": template.category}


@router.delete("/{version}/{node}/message_templates", dependencies=[Depends(check_user_token)])
async def delete_templates(node: str, name: str, cloud: CurrentCloud, hsm_id: str = "") -> JSON:
    """Delete the templates of a name, or of these the one with an id."""
    check_account("delete", node, cloud)
    gone = [each for each in cloud.templates.all if each.name == name and hsm_id in {"", each.id}]
    if not gone:
        user = ("Message Template Not Found", "Message Template not found")
        raise GraphError(100, "Invalid parameter", subcode=2593002, user=user, whatsapp=False)
    cloud.templates.delete(gone)
    return {"success": True}


def check_account(method: str, node: str, cloud: Cloud) -> None:
    """Refuse any account but the one that there is."""
    if node != cloud.config.waba_id:
        raise no_node(method, node)


def page(nodes: list[JSON], limit: int, after: str, url: str) -> dict[str, Any]:
    """One page of nodes; cursors are opaque, and a further page has its URL."""
    try:
        start = int(base64.urlsafe_b64decode(after or "MA==").decode())
    except ValueError:
        raise GraphError(100, "(#100) Invalid cursors values provided", whatsapp=False) from None
    some = nodes[start : start + limit]
    if not some:
        return {"data": []}
    cursors = {"before": _cursor(start), "after": _cursor(start + len(some))}
    paging: JSON = {"cursors": cursors}
    if start + limit < len(nodes) and url:
        paging["next"] = f"{url}{'&' if '?' in url else '?'}after={cursors['after']}"
    return {"data": some, "paging": paging}


def _cursor(place: int) -> str:
    return base64.urlsafe_b64encode(str(place).encode()).decode()
