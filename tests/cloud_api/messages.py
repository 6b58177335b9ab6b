"""What the reference asks of a request to `/messages`: to whom, in answer to what, of which type."""

from __future__ import annotations

import re
from dataclasses import dataclass

from . import limits
from .checks import invalid, keys, mapping, not_valid, one_of, optional, string
from .config import JSON, Config
from .interactive import check_interactive, check_text
from .media import KINDS as MEDIA
from .media import check_contacts, check_location, check_media, check_reaction
from .template_messages import check_template

ENVELOPE = {
    "messaging_product",
    "recipient_type",
    "to",
    "recipient",
    "type",
    "context",
    "biz_opaque_callback_data",
    "recipient_identity_key_hash",
}
TYPES = {*MEDIA, "contacts", "interactive", "location", "reaction", "template", "text"}
_PHONE = re.compile(r"\+?[\d\s().-]+")
_USER_ID = re.compile(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}")


@dataclass(frozen=True, slots=True)
class Send:
    """A request to send that the reference allows. Exactly one of `phone` (digits) and `user_id` is set."""

    kind: str
    request: JSON
    given: str
    phone: str | None
    user_id: str | None

    @property
    def content(self) -> JSON:
        """What the message has under its type's name; contacts are a list and are wrapped."""
        content = self.request[self.kind]
        return content if isinstance(content, dict) else {self.kind: content}

    @property
    def quotes(self) -> str | None:
        """Id of the message that it answers."""
        context: JSON = self.request.get("context") or {}
        return context.get("message_id")


@dataclass(frozen=True, slots=True)
class Seen:
    """A request to mark a message as read, and to show that an answer is being written."""

    message_id: str
    typing: bool


def check_request(request: JSON, config: Config) -> Send | Seen:
    """The request, if the reference allows it; raises GraphError. Templates are not yet compared with their text."""
    product = string(request, "messaging_product")
    if product != "whatsapp":
        invalid(f'Param messaging_product must be one of {{WHATSAPP}} - got "{product}".')
    if "status" in request:
        return _seen(request)
    kind = one_of(request, "type", TYPES) if "type" in request else "text"
    keys(request, "", ENVELOPE | {kind})
    given, phone, user_id = _recipient(request)
    if request.get("context") is not None:
        string(mapping(request, "context", "", {"message_id"}), "message_id", "context")
    optional(request, "biz_opaque_callback_data", "", limits.CALLBACK_DATA)
    optional(request, "recipient_identity_key_hash")
    _content(request, kind, config)
    return Send(kind, request, given, phone, user_id)


def _seen(request: JSON) -> Seen:
    keys(request, "", {"messaging_product", "status", "message_id", "typing_indicator"})
    one_of(request, "status", {"read"})
    message_id = string(request, "message_id")
    if "typing_indicator" in request:
        one_of(mapping(request, "typing_indicator", "", {"type"}), "type", {"text"}, "typing_indicator")
    return Seen(message_id, "typing_indicator" in request)


def _recipient(request: JSON) -> tuple[str, str | None, str | None]:
    """What was given, and the phone's digits or the business-scoped user id. With both, the phone is taken."""
    if "recipient_type" in request and one_of(request, "recipient_type", {"individual", "group"}) == "group":
        not_valid("Group does not exist")  # no number here has any
    if request.get("to") is None and request.get("recipient") is not None:
        user_id = string(request, "recipient")
        if not _USER_ID.fullmatch(user_id):
            invalid("Invalid parameter", "Recipient is not a valid business-scoped user ID")
        return user_id, None, user_id
    phone = string(request, "to")
    digits = re.sub(r"\D", "", phone)
    if not _PHONE.fullmatch(phone.strip()) or not 7 <= len(digits) <= 15:
        invalid("Invalid parameter", "Recipient phone number is not valid")
    return phone, digits, None


def _content(request: JSON, kind: str, config: Config) -> None:
    if kind == "contacts":
        check_contacts(request)
        return
    content = mapping(request, kind)
    if kind == "text":
        check_text(content)
    elif kind == "interactive":
        check_interactive(content, config.list_body_max)
    elif kind == "template":
        check_template(content)
    elif kind == "reaction":
        check_reaction(content)
    elif kind == "location":
        check_location(content)
    else:
        check_media(content, kind, kind)
