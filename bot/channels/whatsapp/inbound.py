"""What a webhook of WhatsApp carries, read with no trust in its shape: kinds come and go, and none may raise.

`read(payload)` gives every message and every status of every change of every entry, and the name of whatever else is
there, for the counts. The shapes are those of Meta's webhook reference.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

from bot.channels.whatsapp.errors import action
from bot.channels.whatsapp.outbound import TEMPLATE
from bot.database.tables import now

Kind = Literal["text", "choice", "unread", "reaction", "edit", "revoke", "moved", "welcome"]
UNREAD = frozenset({"image", "video", "audio", "sticker", "document", "location", "contacts", "order"})
"""What people send that is no text. Of anything else there is one answer for all: `other`."""


class UnreadableError(Exception):
    """The payload is no webhook of Meta's."""


class Received(BaseModel):
    """One message from somebody. Only what is made use of: no name, no picture, no place."""

    id: str
    number_id: str
    phone: str | None
    user: str | None
    """Their business-scoped id. Either it or `phone` is there."""
    at: dt.datetime
    kind: Kind
    text: str = ""
    """What they wrote; the label of a button; the emoji of a reaction; the caption of what can't be read."""
    choice: str | None = None
    """What a button sends; what can't be read, as one of UNREAD or `other`."""
    about: str | None = None
    """Id of the message that it quotes, reacts to, changes or takes back."""
    goes_on: bool = False
    """Whether it is a piece of a long message, and not the first."""
    moved_to: str | None = None
    """Their new number, where `kind` is moved; `user` is then their id as it is now, `about` as it was."""

    @property
    def contact(self) -> str:
        """What tells apart, for one webhook after another, who wrote to which of our numbers."""
        return f"{self.number_id} {(self.about if self.kind == 'moved' else self.user) or self.phone}"


@dataclass(frozen=True)
class Status:
    """How far a message of ours has come."""

    id: str
    status: str
    """As Meta names it."""
    data: str
    """What we sent along, to know it again."""
    error: int | None


@dataclass(frozen=True)
class Other:
    """Whatever is only counted."""

    kind: str
    alarming: str | None = None
    """What an operator should look at: the event or error code that Meta names."""


Item = Received | Status | Other


def read(payload: Any) -> list[Item]:
    """Everything in a webhook's payload; raises UnreadableError if it isn't one at all."""
    if not isinstance(payload, dict) or not isinstance(payload.get("entry"), list):
        raise UnreadableError
    if payload.get("object") != "whatsapp_business_account":
        return [Other("object " + _name(payload.get("object")))]
    items: list[Item] = []
    for change in (change for entry in payload["entry"] for change in _dicts(_dict(entry).get("changes"))):
        field, value = _name(change.get("field")), _dict(change.get("value"))
        try:
            found = list(_messages(value) if field == "messages" else _field(field, value))
        except Exception:  # a shape that nobody foresaw must not cost the others of the batch
            found = [Other("broken " + field)]
        items += found or [Other("empty " + field)]
    return items


_ALARMING = {"account_update", "phone_number_quality_update", "message_template_status_update", "security"}
_HARMLESS = {
    "ACCOUNT_RECONNECTED",
    "AD_ACCOUNT_LINKED",
    "APPROVED",
    "AUTH_INTL_PRICE_ELIGIBILITY_UPDATE",
    "BUSINESS_PRIMARY_LOCATION_COUNTRY_UPDATE",
    "IN_APPEAL",
    "MM_LITE_TERMS_SIGNED",
    "ONBOARDING",
    "PARTNER_ADDED",
    "PARTNER_APP_INSTALLED",
    "PENDING",
    "REINSTATE",
    "REINSTATED",
    "THROUGHPUT_UPGRADE",
    "UNARCHIVED",
    "UNFLAGGED",
    "UPGRADE",
    "VERIFIED_ACCOUNT",
    "VOLUME_BASED_PRICING_TIER_UPDATE",
}


def _field(field: str, value: dict[str, Any]) -> Iterator[Item]:
    """A change that is no message."""
    if field == "user_id_update":
        for update in _dicts(value.get(field)):
            ids = _dict(update.get("user_id"))
            yield _moved(
                value,
                meta_id=f"{field} {_text(ids.get('previous'))} {_text(ids.get('current'))}",
                phone=_text(update.get("wa_id")),
                now_user=_text(ids.get("current")),
                was_user=_text(ids.get("previous")),
                at=_moment(update.get("timestamp")),
            )
        return
    yield Other(field, _alarming(field, value))


def _alarming(field: str, value: dict[str, Any]) -> str | None:
    """What of a change an operator should look at."""
    if value.get("message_template_name", TEMPLATE) != TEMPLATE:  # another's, in the same account
        return None
    if field == "template_category_update":
        category = _name(value.get("correct_category") or value.get("new_category"))
        return category if category == "MARKETING" else None
    event = _name(value.get("event"))
    if event == "DISABLED_UPDATE":  # it says so of whatever becomes of a ban
        event = _name(_dict(value.get("ban_info")).get("waba_ban_state"))
    return event if field in _ALARMING and event not in _HARMLESS else None


def _messages(value: dict[str, Any]) -> Iterator[Item]:
    for message in _dicts(value.get("messages")):
        try:
            yield _message(value, message)
        except Exception:
            yield Other("broken message")
    for status in _dicts(value.get("statuses")):
        if _text(status.get("id")) and _text(status.get("status")):
            codes = [error.get("code") for error in _dicts(status.get("errors"))]
            yield Status(
                id=_text(status["id"]),
                status=_text(status["status"]),
                data=_text(status.get("biz_opaque_callback_data")),
                error=next((code for code in codes if isinstance(code, int)), None),
            )
        else:
            yield Other("broken status")
    for error in _dicts(value.get("errors")):
        code = error.get("code")
        is_ours = isinstance(code, int) and action(code) == "alarm"
        yield Other("error " + _name(code), _name(code) if is_ours else None)


def _message(value: dict[str, Any], message: dict[str, Any]) -> Item:
    kind = _text(message.get("type"))
    if message.get("group_id"):
        return Other("group message")  # an answer to one of a group would tell them what another asked
    if kind == "system":
        return _system(value, message)
    sender = {"phone": _text(message.get("from")) or None, "user": _text(message.get("from_user_id")) or None}
    if not _text(message.get("id")) or not (sender["phone"] or sender["user"]):
        return Other("broken message")
    return Received(
        id=_text(message["id"]),
        number_id=_number_id(value),
        at=_moment(message.get("timestamp")),
        **sender,
        **_said(kind, message),
    )


def _said(kind: str, message: dict[str, Any]) -> dict[str, Any]:
    """What of a message depends on its kind."""
    body = _dict(message.get(kind))
    quoted = _text(_dict(message.get("context")).get("id")) or None
    match kind:
        case "text" if _text(body.get("body")).strip():
            return {"kind": "text", "text": _text(body["body"]), "about": quoted}
        case "button":
            return _choice(_text(body.get("payload")), _text(body.get("text")), quoted)
        case "interactive":
            pressed = _dict(body.get(_text(body.get("type"))))
            if _text(pressed.get("id")):
                return _choice(_text(pressed["id"]), _text(pressed.get("title")), quoted)
        case "reaction":
            return {
                "kind": "reaction",
                "text": _text(body.get("emoji")),
                "about": _text(body.get("message_id")) or None,
            }
        case "revoke":
            return {"kind": "revoke", "about": _text(body.get("original_message_id")) or None}
        case "edit":
            new = _dict(body.get("message"))
            inner = _said(_text(new.get("type")), new)
            return {"kind": "edit", "text": inner.get("text", ""), "about": _text(body.get("original_message_id"))}
        case "request_welcome":
            return {"kind": "welcome"}
    return {"kind": "unread", "choice": kind if kind in UNREAD else "other", "text": _text(body.get("caption"))}


def _choice(sends: str, label: str, quoted: str | None) -> dict[str, Any]:
    return {"kind": "choice", "choice": sends, "text": label or sends, "about": quoted}


def _system(value: dict[str, Any], message: dict[str, Any]) -> Item:
    body = _dict(message.get("system"))
    if body.get("type") not in {"user_changed_number", "user_changed_user_id", "customer_changed_number"}:
        return Other("system " + _name(body.get("type")))
    return _moved(
        value,
        meta_id=_text(message.get("id")),
        phone=_text(message.get("from")),
        now_user=_text(body.get("user_id")),
        was_user=_text(message.get("from_user_id")),
        at=_moment(message.get("timestamp")),
        moved_to=_text(body.get("wa_id") or body.get("new_wa_id") or body.get("customer")) or None,
    )


def _moved(
    value: dict[str, Any],
    meta_id: str,
    phone: str,
    now_user: str,
    was_user: str,
    at: dt.datetime,
    moved_to: str | None = None,
) -> Item:
    if not meta_id or not (phone or was_user) or not (now_user or moved_to):
        return Other("broken move")
    return Received(
        id=meta_id,
        number_id=_number_id(value),
        phone=phone or None,
        user=now_user or None,
        at=at,
        kind="moved",
        about=was_user or None,
        moved_to=moved_to,
    )


def _number_id(value: dict[str, Any]) -> str:
    return _text(_dict(value.get("metadata")).get("phone_number_id"))


def _moment(timestamp: Any) -> dt.datetime:
    """Seconds since 1970, as Meta writes them, in text or as a number; what is none, or to come, counts as now."""
    try:
        at = dt.datetime.fromtimestamp(int(timestamp), dt.UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return now()
    return at if at < now() + _AHEAD else now()


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    """What neither UTF-8 nor PostgreSQL can hold is left out: halves of characters, and zeros."""
    return value.encode("utf-8", "ignore").decode().replace("\0", "") if isinstance(value, str) else ""


_AHEAD = dt.timedelta(hours=1)
"""By so much Meta's clock may be ahead of ours."""
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_. -]")


def _name(value: Any) -> str:
    """A name that Meta gives, fit for a log and a count."""
    return _NOT_IN_NAMES.sub("", str(value if value is not None else ""))[:40] or "?"
