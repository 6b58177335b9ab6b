"""Meta's errors: which codes there are, and what an answer and a webhook say about each."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import NamedTuple

from .config import JSON

HREF = "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/"


class Kind(NamedTuple):
    """An error code's HTTP status, its title, and its usual details."""

    http: int
    title: str
    details: str = ""


KINDS: Mapping[int, Kind] = {
    0: Kind(401, "AuthException", "Unable to authenticate the app user."),
    1: Kind(400, "API Unknown", "Invalid request or possible server error."),
    2: Kind(503, "API Service", "Temporary due to downtime or due to being overloaded."),
    3: Kind(500, "API Method", "Capability or permissions issue."),
    4: Kind(400, "API Too Many Calls", "The app has reached its API call rate limit."),
    10: Kind(403, "Permission Denied", "Permission is either not granted or has been removed."),
    33: Kind(400, "Parameter value is not valid", "The business phone number has been deleted."),
    100: Kind(400, "Invalid parameter"),
    190: Kind(401, "Access token has expired"),
    200: Kind(403, "API Permission", "Permission is either not granted or has been removed."),
    368: Kind(403, "Temporarily blocked for policies violations", "The account has been restricted or disabled."),
    80007: Kind(400, "Rate limit issues", "The WhatsApp Business Account has reached its rate limit."),
    130429: Kind(
        400,
        "Rate limit hit",
        "Message failed to send because there were too many messages sent from this phone number in a short period "
        "of time",
    ),
    130472: Kind(400, "User's number is part of an experiment", "Message was not sent as part of an experiment."),
    130497: Kind(403, "Business account is restricted from messaging users in this country."),
    131000: Kind(500, "Something went wrong", "Message failed to send due to an unknown error."),
    131005: Kind(403, "Access denied", "Permission is either not granted or has been removed."),
    131008: Kind(400, "Required parameter is missing", "The request is missing a required parameter."),
    131009: Kind(400, "Parameter value is not valid", "One or more parameter values are invalid."),
    131016: Kind(500, "Service unavailable", "A service is temporarily unavailable."),
    131021: Kind(400, "Recipient cannot be sender", "Sender and recipient phone number is the same."),
    131026: Kind(400, "Message undeliverable", "Message Undeliverable."),
    131030: Kind(400, "Recipient phone number not in allowed list", "Add recipient phone number to recipient list."),
    131031: Kind(403, "Account has been locked", "The account has been restricted or disabled."),
    131037: Kind(400, "WhatsApp provided number needs display name approval before message can be sent."),
    131042: Kind(400, "Business eligibility payment issue", "There was an error related to your payment method."),
    131045: Kind(500, "Incorrect certificate", "Message failed to send due to a phone number registration error."),
    131047: Kind(
        400,
        "Re-engagement message",
        "Message failed to send because more than 24 hours have passed since the customer last replied to this number.",
    ),
    131048: Kind(
        400,
        "Spam rate limit hit",
        "Message failed to send because there are restrictions on how many messages can be sent from this phone "
        "number. This may be because too many previous messages were blocked or flagged as spam.",
    ),
    131049: Kind(
        400,
        "Meta chose not to deliver.",
        "In order to maintain a healthy ecosystem engagement, the message failed to be delivered.",
    ),
    131050: Kind(400, "User has stopped receiving marketing messages from this business."),
    131051: Kind(400, "Unsupported message type", "Message type is not currently supported."),
    131052: Kind(400, "Media download error", "Unable to download the media sent by the user."),
    131053: Kind(400, "Media upload error", "Unable to upload the media used in the message."),
    131056: Kind(
        400,
        "(Business Account, Consumer Account) pair rate limit hit",
        "Message failed to send because there were too many messages sent from this phone number to the same phone "
        "number in a short period of time.",
    ),
    131057: Kind(500, "Account in maintenance mode", "Business Account is in maintenance mode."),
    131060: Kind(400, "This message is currently unavailable."),
    131062: Kind(400, "Business-scoped User ID (BSUID) recipients are not supported for this message."),
    132000: Kind(400, "Number of parameters does not match the expected number of params"),
    132001: Kind(404, "Template name does not exist in the translation"),
    132005: Kind(400, "Translated text too long", "The translated text is too long."),
    132007: Kind(400, "Template format character policy violated", "Template content violates a WhatsApp policy."),
    132012: Kind(400, "Parameter format does not match format in the created template"),
    132015: Kind(400, "Template is paused", "Template is paused due to low quality so it cannot be sent."),
    132016: Kind(400, "Template is disabled", "Template has been paused too many times and is now disabled."),
    132018: Kind(400, "There was an issue with the parameters in your template"),
    133010: Kind(400, "Phone number not registered", "Phone number not registered on the WhatsApp Business Platform."),
    135000: Kind(400, "Generic user error", "Message failed to send because of an unknown error with the request."),
    137000: Kind(400, "Identity key hash mismatch"),
}


class GraphError(Exception):
    """A refusal, as the Graph API answers it."""

    def __init__(
        self,
        code: int,
        message: str | None = None,
        *,
        details: str | None = None,
        http: int | None = None,
        subcode: int | None = None,
        kind: str = "OAuthException",
        user: tuple[str, str] | None = None,
        whatsapp: bool = True,
    ) -> None:
        """Without a message, the code's own title, prefixed as Meta does. `user` is a title and a text to show."""
        known = KINDS.get(code, Kind(400, "Unknown error"))
        self.code = code
        self.http = http or known.http
        self.message = message or f"(#{code}) {known.title}"
        self.details = details if details is not None else (known.details if whatsapp and message is None else "")
        self.subcode, self.kind, self.user = subcode, kind, user
        super().__init__(f"{self.message} {self.details}".strip())

    def body(self) -> JSON:
        """What is answered."""
        error: JSON = {"message": self.message, "type": self.kind, "code": self.code}
        if self.details:
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        if self.user:
            error |= {"is_transient": False, "error_user_title": self.user[0], "error_user_msg": self.user[1]}
        return {"error": error | {"fbtrace_id": "A" + secrets.token_urlsafe(16)}}


def in_webhook(code: int, details: str | None = None) -> JSON:
    """An error as a webhook has it, of a status or of a message."""
    kind = KINDS.get(code, Kind(400, "Unknown error"))
    return {
        "code": code,
        "title": kind.title,
        "message": kind.title,
        "error_data": {"details": details or kind.details or kind.title},
        "href": HREF,
    }
