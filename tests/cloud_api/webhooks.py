"""Webhooks: the envelope, statuses, the bytes that are sent, and their signature."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable
from typing import Literal

from .config import DAY_S, JSON, Config, Number
from .errors import in_webhook
from .phones import Message, User

Signature = Literal["valid", "wrong", "missing", "truncated", "sha1", "other_app", "uppercase", "unprefixed", "empty"]


def change(config: Config, number: Number, **value: object) -> JSON:
    """One change of the field `messages`, of one number."""
    metadata = {"display_phone_number": number.digits, "phone_number_id": number.id}
    return {"value": {"messaging_product": "whatsapp", "metadata": metadata} | value, "field": "messages"}


def envelope(config: Config, changes: Iterable[JSON]) -> JSON:
    """A whole webhook of one entry."""
    return {"object": "whatsapp_business_account", "entry": [{"id": config.waba_id, "changes": list(changes)}]}


def batches(config: Config, changes: list[JSON], size: int, merge: bool) -> list[JSON]:
    """Changes in webhooks of up to `size` each; one entry a change or, merged, one change a number with many in it."""
    found = []
    for start in range(0, len(changes), size):
        some = merged(changes[start : start + size]) if merge else changes[start : start + size]
        entries = [{"id": config.waba_id, "changes": [each]} for each in some]
        found.append({"object": "whatsapp_business_account", "entry": entries})
    return found


def merged(changes: list[JSON]) -> list[JSON]:
    """The same changes with those of one number and kind put into one, in their order."""
    found: list[JSON] = []
    for each in changes:
        last = found[-1] if found else None
        value = each["value"]
        if last and last["field"] == each["field"] and last["value"].get("metadata") == value.get("metadata"):
            for key in ("contacts", "messages", "statuses", "errors"):
                new = [item for item in value.get(key, []) if item not in last["value"].get(key, [])]
                if new:
                    last["value"].setdefault(key, []).extend(new)
        else:
            found.append({**each, "value": {key: _copy(item) for key, item in value.items()}})
    return found


def _copy(value: object) -> object:
    return list(value) if isinstance(value, list) else value


def status(config: Config, user: User | None, message: Message, name: str, stamp: str, error: JSON | None) -> JSON:
    """One entry of `statuses`. A failed one says less of the user: see `contacts_of`."""
    by_phone = not message.given or not message.given[:1].isalpha()
    found: JSON = {"id": message.id, "status": name, "timestamp": stamp}
    if by_phone or (user and not user.phone_hidden):
        found["recipient_id"] = user.wa_id if user else "".join(filter(str.isdecimal, message.given))
    user_id = user.user_id if user else None
    if name == "failed":
        user_id = None if by_phone else message.given
    if user_id:
        found["recipient_user_id"] = user_id
    if name == "failed":
        return found | {"errors": [error or in_webhook(131000)]} | _callback(message)
    if config.conversation_objects and name != "read":
        found["conversation"] = {"id": _conversation(message), "origin": {"type": _category(message)}}
        if name == "sent":
            found["conversation"]["expiration_timestamp"] = str(int(message.at) + DAY_S)
    if name != "read" or "delivered" not in message.statuses:
        found["pricing"] = {
            "billable": message.kind == "template",
            "pricing_model": "PMP",
            "category": _category(message),
            "type": "regular" if message.kind == "template" else "free_customer_service",
        }
    return found | _callback(message)


def contacts_of(user: User, name: str, message: Message) -> list[JSON]:
    """The `contacts` beside a status: none beside a failed one, and no username beside `sent`."""
    if name == "failed" or user.user_id is None:
        return []
    identity = user.identity
    if name == "sent":
        identity["profile"].pop("username", None)
    if not message.given[:1].isalpha():
        identity["wa_id"] = user.wa_id  # the business had it already
    return [identity]


def _callback(message: Message) -> JSON:
    data = (message.request or {}).get("biz_opaque_callback_data")
    return {"biz_opaque_callback_data": data} if data else {}


def _category(message: Message) -> str:
    return str(message.shown.get("category", "service")).lower()


def _conversation(message: Message) -> str:
    day = int(message.at) // DAY_S
    return hashlib.sha256(f"{message.number}{message.given}{day}".encode()).hexdigest()[:32]


def encode(payload: JSON, escape: bool = True) -> bytes:
    """The bytes that are signed and sent.

    Meta: «we generate the signature using an escaped unicode version of the payload, with lowercase hex digits».
    Slashes are escaped too. Without `escape`, plain UTF-8, which a receiver that signs raw bytes takes as well.
    """
    text = json.dumps(payload, ensure_ascii=escape, separators=(",", ":"))
    return (text.replace("/", "\\/") if escape else text).encode()


def sign(body: bytes, secret: str, how: Signature = "valid") -> dict[str, str]:
    """The signature's headers, right or in one of the ways in which somebody might try it."""
    good = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    header = "X-Hub-Signature-256"
    if how == "missing":
        return {}
    if how == "sha1":
        return {"X-Hub-Signature": "sha1=" + hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()}
    if how == "other_app":
        return {header: "sha256=" + hmac.new(b"the secret of another app", body, hashlib.sha256).hexdigest()}
    values = {
        "valid": f"sha256={good}",
        "wrong": "sha256=" + good[:-1] + ("0" if good[-1] != "0" else "1"),
        "truncated": f"sha256={good[:32]}",
        "uppercase": f"sha256={good.upper()}",
        "unprefixed": good,
        "empty": "",
    }
    return {header: values[how]}
