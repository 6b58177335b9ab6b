"""How a local Cloud API is set up: its app, its account and numbers, its limits, and how it delivers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal

JSON = dict[str, Any]
DAY_S = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Number:
    """A business phone number: its id, how it is shown, and the verified name, here a department's."""

    id: str
    display_phone_number: str
    name: str

    @property
    def digits(self) -> str:
        """The number as webhooks have it: digits alone."""
        return re.sub(r"\D", "", self.display_phone_number)

    @classmethod
    def parse(cls, text: str, place: int = 0) -> Number:
        """`ID:NAME` or `ID:DISPLAY_PHONE:NAME`; without a phone, a fictitious one by `place`. Raises ValueError."""
        parts = [part.strip() for part in text.split(":", 2)]
        if len(parts) < 2 or not parts[0].isdecimal() or not all(parts):
            raise ValueError(f"{text!r} is not ID:NAME or ID:DISPLAY_PHONE:NAME, with an id of digits")
        if len(parts) == 2:
            return cls(parts[0], f"+1 555-01{place % 100:02}", parts[1])
        return cls(*parts)


def one_number() -> list[Number]:
    """The number that there is if none is named."""
    return [Number("1001", "+1 555-0100", "Test Police Department")]


@dataclass(slots=True)
class Config:
    """Everything that can be set. Times are seconds; a webhook of None is subscribed to later, by handshake."""

    app_id: str = "5550000000000001"
    app_secret: str = "local-app-secret"
    verify_token: str = "local-verify-token"
    token: str = "local-access-token"
    expired_tokens: frozenset[str] = frozenset()
    token_expires_at: int = 0
    """Unix time; 0 is never, as with a system user's token."""
    waba_id: str = "2001"
    numbers: list[Number] = field(default_factory=one_number)
    webhook: str | None = None
    webhook_fields: frozenset[str] = frozenset({"messages"})

    versions: tuple[str, ...] = ("v21.0", "v22.0", "v23.0", "v24.0", "v25.0", "v26.0")
    """The Graph API's versions in service. Older ones have expired, others never were."""

    pair_interval_s: float = 6.0
    pair_burst: int = 45
    throughput: int = 80
    """Messages a second and number."""
    window_s: float = DAY_S
    list_body_max: int = 1024
    """The list messages' page says 4096, but the live API has been seen to refuse more than 1024."""
    blocked_status: Literal["failed", "sent"] = "failed"
    """What comes of a message to a user who blocked the number: an error, or nothing after `sent`. Both are seen."""
    coexistence: bool = False
    """Whether the numbers are used in the WhatsApp Business app, too: of others Meta tells no edit and no deletion."""
    template_review: Literal["APPROVED", "PENDING"] = "APPROVED"

    escape: bool = True
    """Meta signs and sends JSON with everything outside ASCII as \\uXXXX in lower case, and `/` as `\\/`."""
    conversation_objects: bool = True
    """Statuses name their conversation, as up to v23.0; later versions leave it out."""
    retry_delays_s: tuple[float, ...] = (0.05, 0.1, 0.2, 0.4, 0.8)
    """After anything but a 200. The real ones grow to hours, for up to seven days."""
    webhook_timeout_s: float = 10.0
    webhooks_at_once: int = 1
    """One after another comes in order, which tests can follow; Meta sends many side by side."""
    status_delay_s: float = 0.0

    @property
    def app_token(self) -> str:
        """The app access token: the app's id and secret."""
        return f"{self.app_id}|{self.app_secret}"
