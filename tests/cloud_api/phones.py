"""The users' phones: who they are, what each has on its screen, when they last wrote, what they have read."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field

from .config import JSON, Number

RANKS = {"accepted": 0, "sent": 1, "delivered": 2, "read": 3, "failed": 4}


def new_id(whose: str) -> str:
    """A message id in the form of the real ones, which have the user's number in them, readable by anyone."""
    digits = re.sub(r"\D", "", whose)[:20].encode()
    head = b"\x1c\x18" + bytes([len(digits)]) + digits + b"\x15\x02\x00\x12\x18\x14"
    return "wamid." + base64.b64encode(head + secrets.token_hex(10).upper().encode() + b"\x00").decode()


@dataclass(slots=True)
class Message:
    """A message on a phone's screen. `content` is what the type has; `request` the whole request that sent it."""

    id: str
    number: str
    outgoing: bool
    """From the business to the user."""
    kind: str
    content: JSON
    at: float
    status: str = "accepted"
    request: JSON | None = None
    quotes: str | None = None
    given: str = ""
    """How the business named the user: a phone number or a business-scoped id."""
    shown: JSON = field(default_factory=dict)
    """What the page shows of a template: its text with values, and its buttons."""
    reactions: dict[str, str] = field(default_factory=dict)
    """By the side that reacted: `user`, `business`."""
    edited: bool = False
    revoked: bool = False
    statuses: list[str] = field(default_factory=list)
    """Every status that was sent of it, in order."""

    def view(self) -> JSON:
        """It, as the control API and the page have it."""
        return {
            "id": self.id,
            "number": self.number,
            "direction": "in" if self.outgoing else "out",
            "type": self.kind,
            "content": self.content,
            "timestamp": int(self.at),
            "status": self.status,
            "statuses": self.statuses,
            "request": self.request,
            "quotes": self.quotes,
            "shown": self.shown,
            "reactions": self.reactions,
            "edited": self.edited,
            "revoked": self.revoked,
        }


@dataclass(slots=True)
class User:
    """Somebody with a phone. Without a `user_id` webhooks are as before 2026; `phone_hidden` leaves the number out."""

    wa_id: str
    name: str
    user_id: str | None
    username: str | None = None
    phone_hidden: bool = False
    on_whatsapp: bool = True
    read_receipts: bool = True
    online: bool = True
    blocked: set[str] = field(default_factory=set)
    """Ids of the numbers that they blocked."""
    wrote: dict[str, float] = field(default_factory=dict)
    """By number: when they last wrote to it, Unix time."""
    typing: dict[str, float] = field(default_factory=dict)
    """By number: until when it shows that an answer is being written."""
    messages: list[Message] = field(default_factory=list)

    @property
    def identity(self) -> JSON:
        """What a webhook's `contacts` has of them."""
        profile: JSON = {"name": self.name}
        if self.username:
            profile["username"] = self.username
        found: JSON = {"profile": profile}
        if not self.phone_hidden:
            found["wa_id"] = self.wa_id
        if self.user_id:
            found["user_id"] = self.user_id
        return found

    @property
    def origin(self) -> JSON:
        """What a webhook's message has of them."""
        found: JSON = {} if self.phone_hidden else {"from": self.wa_id}
        return found | ({"from_user_id": self.user_id} if self.user_id else {})

    def chat(self, number: str) -> list[Message]:
        """What is on the screen between them and a number."""
        return [message for message in self.messages if message.number == number]

    def message(self, message_id: str) -> Message | None:
        """A message on the phone, whoever wrote it."""
        return next((message for message in self.messages if message.id == message_id), None)

    def view(self) -> JSON:
        """It, as the control API has it."""
        return {
            "wa_id": self.wa_id,
            "name": self.name,
            "user_id": self.user_id,
            "username": self.username,
            "phone_hidden": self.phone_hidden,
            "on_whatsapp": self.on_whatsapp,
            "read_receipts": self.read_receipts,
            "online": self.online,
            "blocked": sorted(self.blocked),
        }


@dataclass(slots=True)
class Phones:
    """All users, by the digits of their number."""

    users: dict[str, User] = field(default_factory=dict)

    def __iter__(self) -> Iterator[User]:
        return iter(self.users.values())

    def make(self, wa_id: str, name: str, **rest: object) -> User:
        """A user, or changes to one that there is. Without `user_id` in `rest` they get one made up."""
        user = self.users.get(wa_id)
        if user is None:
            made_up = "US." + str(10**19 + int.from_bytes(wa_id.encode(), "big") % (9 * 10**19))
            user = self.users[wa_id] = User(wa_id, name, str(rest.pop("user_id", made_up) or "") or None)
        else:
            user.name = name or user.name
        for key, value in rest.items():
            setattr(user, key, (value or None) if key == "user_id" else value)
        return user

    def find(self, who: str) -> User | None:
        """By digits of the number, or by business-scoped id."""
        return self.users.get(who) or next((user for user in self if user.user_id and user.user_id == who), None)

    def owner(self, message_id: str, number: Number) -> tuple[User, Message] | None:
        """Whose phone has a message, with one number."""
        for user in self:
            message = user.message(message_id)
            if message is not None and message.number == number.id:
                return user, message
        return None
