"""The whole state of a local Cloud API, and what happens in it: messages go out, come in, and are read."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field

from . import inbound, webhooks
from .clock import Clock, Rates
from .config import JSON, Config, Number
from .courier import Courier
from .errors import GraphError, in_webhook
from .faults import Fault, Faults
from .messages import Seen, Send
from .phones import RANKS, Message, Phones, User, new_id
from .template_messages import fill, match, pressed
from .templates import Template, Templates

TYPING_S = 25
USUAL = ("sent", "delivered")


@dataclass(slots=True)
class Cloud:
    """Everything there is."""

    config: Config
    courier: Courier
    clock: Clock = field(default_factory=Clock)
    phones: Phones = field(default_factory=Phones)
    templates: Templates = field(default_factory=Templates)
    faults: Faults = field(default_factory=Faults)
    rates: Rates = field(init=False)
    order: tuple[str, ...] = USUAL
    """The statuses of each message, in the order in which they are sent."""
    counters: Counter[str] = field(default_factory=Counter)
    refused: list[JSON] = field(default_factory=list)
    requests: list[JSON] = field(default_factory=list)
    number_changes: dict[str, JSON] = field(default_factory=dict)
    """By number: fields that the control API has set."""
    media: set[str] = field(default_factory=set)
    """Ids of media that users have sent."""
    listeners: set[asyncio.Event] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.rates = Rates(self.config, self.clock)
        self.templates.review = self.config.template_review
        self.courier.arrived = self._arrived

    def changed(self) -> None:
        """Tell every open page to look again."""
        for event in self.listeners:
            event.set()

    def number(self, number_id: str) -> Number | None:
        """A number of the account."""
        return next((number for number in self.config.numbers if number.id == number_id), None)

    def count(self, kind: str, node: str, body: JSON, message_id: str | None = None) -> None:
        """Remember a request that was taken."""
        self.counters[kind] += 1
        self.requests.append({"kind": kind, "number": node, "request": body, "id": message_id})

    def template_changed(self, template: Template) -> None:
        """Tell of a template's state, if that is subscribed to."""
        value = {
            "event": template.status,
            "message_template_id": int(template.id),
            "message_template_name": template.name,
            "message_template_language": template.language,
            "reason": "NONE",
        }
        self.courier.post({"value": value, "field": "message_template_status_update"})

    def template_recategorized(self, template: Template, category: str) -> None:
        """Put a template into another category, and tell of it, if that is subscribed to."""
        value = {
            "message_template_id": int(template.id),
            "message_template_name": template.name,
            "message_template_language": template.language,
            "previous_category": template.category,
            "new_category": category,
        }
        template.category = category
        self.courier.post({"value": value, "field": "template_category_update"})

    # --- From the business ---------------------------------------------------------------------------------------

    def send(self, number: Number, send: Send, fault: Fault | None = None) -> JSON:
        """Take a message, and answer as the reference does; what comes of it follows by webhook. Raises GraphError."""
        user = self.phones.find(send.user_id or send.phone or "")
        if send.phone == number.digits:
            raise GraphError(131021)
        template = match(self.templates, send.content) if send.kind == "template" else None
        if template and send.user_id and template.category == "AUTHENTICATION":
            raise GraphError(131062)
        self.rates.take(number.id, user.wa_id if user else send.given)
        message = Message(
            id=new_id(user.wa_id if user and not user.phone_hidden else send.given),
            number=number.id,
            outgoing=True,
            kind=send.kind,
            content=send.content,
            at=self.clock.now(),
            request=send.request,
            quotes=send.quotes,
            given=send.given,
            shown=_shown(template, send.content) if template else {},
        )
        self._spawn(self._take_out(number, user, message, fault))
        contact = {"input": send.given} | (
            {"user_id": send.user_id} if send.user_id else {"wa_id": user.wa_id if user else send.phone}
        )
        answer: JSON = {"id": message.id} | ({"message_status": "accepted"} if template else {})
        return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [answer]}

    async def _take_out(self, number: Number, user: User | None, message: Message, fault: Fault | None) -> None:
        """Bring a message to its phone, or say why it couldn't be."""
        error = in_webhook(fault.code, fault.details) if fault and fault.what == "fail" else None
        error = error or self._undeliverable(number, user, message)
        if error or user is None:
            await asyncio.sleep(self.config.status_delay_s)
            self.status(number, user, message, "failed", error)
            return
        if number.id in user.blocked:
            self.status(number, user, message, "sent")
            return
        self._show(user, message)
        for name in self.order:
            await asyncio.sleep(self.config.status_delay_s)
            if name == "delivered" and message.status == "read" and self.order == USUAL:
                continue  # shown in an open chat: Meta then sends `read` alone
            if name == "sent" or user.online:
                self.status(number, user, message, name)

    def _undeliverable(self, number: Number, user: User | None, message: Message) -> JSON | None:
        if user is None or not user.on_whatsapp:
            return in_webhook(131026)
        if number.id in user.blocked and self.config.blocked_status == "failed":
            return in_webhook(131026)
        wrote = user.wrote.get(number.id)
        if message.kind != "template" and (wrote is None or self.clock.now() - wrote > self.config.window_s):
            return in_webhook(131047)
        return None

    def _show(self, user: User, message: Message) -> None:
        user.typing.pop(message.number, None)
        if message.kind == "reaction":
            target = user.message(message.content["message_id"])
            if target is not None:
                target.reactions["business"] = message.content["emoji"]
        user.messages.append(message)
        self.changed()

    def status(self, number: Number, user: User | None, message: Message, name: str, error: JSON | None = None) -> None:
        """Send one status of a message."""
        entry = webhooks.status(self.config, user, message, name, self.clock.stamp(), error)
        contacts = webhooks.contacts_of(user, name, message) if user else []
        message.statuses.append(name)
        if RANKS.get(name, 0) > RANKS.get(message.status, 0):
            message.status = name
        rest = {"contacts": contacts} if contacts else {}
        self.courier.post(webhooks.change(self.config, number, **rest, statuses=[entry]))
        self.changed()

    def seen(self, number: Number, seen: Seen) -> None:
        """The business has read a message, and those before it; raises GraphError if there is no such message."""
        found = self.phones.owner(seen.message_id, number)
        if found is None or found[1].outgoing:
            raise GraphError(131009, details="Message ID does not exist")
        user, last = found
        for message in user.chat(number.id):
            if not message.outgoing:
                message.status = "read"
            if message is last:
                break
        if seen.typing:
            user.typing[number.id] = self.clock.now() + TYPING_S
        self.changed()

    # --- From the users ------------------------------------------------------------------------------------------

    def say(self, user: User, number: Number, what: JSON) -> Message:
        """A user does something in the chat with a number; raises ValueError if they can't."""
        if number.id in user.blocked:
            raise ValueError("the user has blocked this number")
        message, entry = inbound.build(self, user, number, what)
        if entry["type"] in {"edit", "revoke"} and not self.config.coexistence:
            self.changed()
            return message
        if entry["type"] != "system":
            user.wrote[number.id] = message.at
        contacts = [] if entry["type"] == "system" else [user.identity]
        value = ({"contacts": contacts} if contacts else {}) | {"messages": [entry]}
        self.courier.post(webhooks.change(self.config, number, **value))
        self.changed()
        return message

    def _arrived(self, payload: JSON) -> None:
        """Show users that what they wrote was delivered."""
        values = [change["value"] for entry in payload.get("entry", []) for change in entry.get("changes", [])]
        ids = {entry.get("id") for value in values for entry in value.get("messages", [])}
        for user in self.phones if ids else ():
            for message in user.messages:
                if message.id in ids and not message.outgoing and message.status == "sent":
                    message.status = "delivered"
        self.changed()

    def read(self, user: User, number: Number, message_id: str | None = None) -> int:
        """The user has looked at the chat, or at one message; returns how many statuses were sent."""
        count = 0
        for message in user.chat(number.id):
            wanted = message.outgoing and "read" not in message.statuses and message.status in {"sent", "delivered"}
            if wanted and message_id in {None, message.id} and user.read_receipts and message.kind != "reaction":
                self.status(number, user, message, "read")
                count += 1
        return count

    def connect(self, user: User) -> None:
        """The phone is online again: what waited is delivered."""
        for message in user.messages:
            if message.outgoing and message.status == "sent" and (number := self.number(message.number)):
                self.status(number, user, message, "delivered")

    # --- What runs beside ----------------------------------------------------------------------------------------

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def idle(self, timeout_s: float) -> bool:
        """Wait until every status is sent and every webhook delivered or given up."""
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout_s
        while self._tasks and loop.time() < until:
            await asyncio.wait(set(self._tasks), timeout=max(until - loop.time(), 0))
        return await self.courier.idle(max(until - loop.time(), 0)) and not self._tasks

    async def restart(self, config: Config) -> None:
        """Begin again with a configuration, but for where webhooks go and the pages that are open."""
        await self.close()
        fresh = Cloud(config, self.courier, listeners=self.listeners)
        for name in Cloud.__slots__:
            setattr(self, name, getattr(fresh, name))
        self.courier.restart(config)
        self.courier.arrived = self._arrived
        self.changed()

    async def close(self) -> None:
        """Drop everything under way."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.courier.close()


def _shown(template: Template, content: JSON) -> JSON:
    """What a template looks like on the phone."""
    given = {each["type"].lower(): each.get("parameters", []) for each in content.get("components") or []}
    return {
        "category": template.category,
        "header": fill(template.part("HEADER").get("text", ""), template, given.get("header", [])),
        "body": fill(template.part("BODY").get("text", ""), template, given.get("body", [])),
        "footer": template.part("FOOTER").get("text", ""),
        "buttons": pressed(template, content),
    }
