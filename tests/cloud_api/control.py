"""The control API, for tests and the page: JSON under `/_control`. A wrong request is answered 400 with `detail`.

POST   /users                    {"wa_id": "15550142", "name": "Rosa"}; again with the same wa_id changes the user.
                                 Also: user_id ("" for none), username, phone_hidden, on_whatsapp, read_receipts,
                                 online.
GET    /users
POST   /users/{user}/say         What the user does; `user` is a wa_id or a business-scoped id. See `inbound.build`:
                                 {"number": "1001", "type": "text", "text": "hola", "reply_to": "wamid.…"}
                                 {"type": "press", "id": "…" or "title": "…", "message": "wamid.…" if not the last}
                                 {"type": "reaction", "message": "wamid.…", "emoji": "👍" or ""}
                                 {"type": "image" | "video" | "audio" | "voice" | "sticker" | "document", "caption"}
                                 {"type": "location" | "contacts" | "order", the same name: its content}
                                 {"type": "edit", "message": "wamid.…", "text"}, {"type": "revoke", "message"}: of
                                 these there is a webhook only with `Config.coexistence`.
                                 {"type": "system", "new_wa_id" or "new_user_id"}
                                 {"type": "unsupported", "unsupported": "poll_creation"}
                                 {"type": "raw", "message": {"type": "…", …}}
                                 Any with "referral": {…} or "forwarded": true. Without "number", the first one.
                                 Answers {"id": "wamid.…"}.
POST   /users/{user}/read        {"number", "message": "wamid.…" or all}: statuses `read`, as many as answered.
POST   /users/{user}/block       {"number", "blocked": true}
GET    /users/{user}/messages    ?number=: what is on the phone, each with the whole `request` that sent it.
POST   /webhook                  {"payload": {…} or text, "signature": "valid" | "wrong" | "missing" | "truncated" |
                                 "sha1" | "other_app" | "uppercase" | "unprefixed" | "empty", "escape": bool}:
                                 delivers it once, and answers {"status", "body"}.
POST   /change                   {"field": "…", "value": {…}}: a webhook of any field, with retries.
POST   /hold                     Webhooks wait.
POST   /release                  {"size": 1, "merge": false, "shuffle": false, "seed": 0, "copies": 1}: they go, so
                                 many changes to a webhook, in several entries or merged into one.
POST   /delivery                 {"copies": 2, "retry_delays_s": [...], "escape": bool, "url": "…"}
GET    /deliveries               Every webhook with the answers to its attempts.
POST   /statuses                 {"order": ["read", "delivered", "sent", "sent"]}: of each message from now on.
POST   /faults                   {"what": "error" | "http" | "hang" | "drop" | "fail", …}: see `faults.Fault`.
DELETE /faults
POST   /clock                    {"advance_s": 86400}
POST   /limits                   {"pair_interval_s", "pair_burst", "throughput", "window_s"}
POST   /numbers/{id}             {"quality_rating": "RED", "status": "FLAGGED", …}: fields of a number.
POST   /templates                A creation request: made and approved. POST /templates/{name}/{language}
                                 {"status": "PAUSED"} changes one, {"category": "MARKETING"} as well.
POST   /verify                   {"url", "verify_token"}, both optional: the handshake; {"verified", "reason"}.
GET    /idle?timeout_s=5         Waits until nothing is under way: {"idle": true}.
GET    /counters                 {"send:text": 1, "read": 1, "media": 0, …, "refused": 1}, with `refusals`.
GET    /requests                 Every request to `/messages` that was taken.
POST   /reset                    Everything as at the start, but for where webhooks go.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Body, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field

from .access import CurrentCloud
from .cloud import Cloud
from .config import JSON, Number
from .faults import Fault, view
from .phones import User

router = APIRouter(prefix="/_control")


class Strict(BaseModel):
    """Nothing but what is named."""

    model_config = ConfigDict(extra="forbid")


class NewUser(Strict):
    """A user, or changes to one."""

    wa_id: str = Field(pattern=r"^\d{7,15}$")
    name: str = ""
    user_id: str | None = None
    username: str | None = None
    phone_hidden: bool = False
    on_whatsapp: bool = True
    read_receipts: bool = True
    online: bool = True


class Chat(Strict):
    """A chat, and a message in it."""

    number: str | None = None
    message: str | None = None
    blocked: bool = True


def _user(cloud: Cloud, who: str) -> User:
    user = cloud.phones.find(who)
    if user is None:
        raise HTTPException(404, f"there is no user {who}")
    return user


def _number(cloud: Cloud, number_id: str | None) -> Number:
    number = cloud.config.numbers[0] if number_id is None else cloud.number(number_id)
    if number is None:
        raise HTTPException(404, f"there is no number {number_id}")
    return number


@router.post("/users")
async def make_user(new: NewUser, cloud: CurrentCloud) -> JSON:
    """Make a user."""
    user = cloud.phones.make(new.wa_id, **{"name": new.name} | new.model_dump(exclude_unset=True, exclude={"wa_id"}))
    if user.online:
        cloud.connect(user)
    cloud.changed()
    return user.view()


@router.get("/users")
async def users(cloud: CurrentCloud) -> list[JSON]:
    """All users."""
    return [user.view() for user in cloud.phones]


@router.post("/users/{who}/say")
async def say(who: str, what: Annotated[JSON, Body()], cloud: CurrentCloud) -> JSON:
    """Have a user do something."""
    user, number = _user(cloud, who), _number(cloud, what.pop("number", None))
    try:
        message = cloud.say(user, number, what)
    except (ValueError, KeyError) as error:
        raise HTTPException(400, str(error)) from error
    return {"id": message.id}


@router.post("/users/{who}/read")
async def read(who: str, chat: Chat, cloud: CurrentCloud) -> JSON:
    """Have a user look at a chat."""
    return {"read": cloud.read(_user(cloud, who), _number(cloud, chat.number), chat.message)}


@router.post("/users/{who}/block")
async def block(who: str, chat: Chat, cloud: CurrentCloud) -> JSON:
    """Have a user block a number, or take it back."""
    user, number = _user(cloud, who), _number(cloud, chat.number)
    (user.blocked.add if chat.blocked else user.blocked.discard)(number.id)
    cloud.changed()
    return user.view()


@router.get("/users/{who}/messages")
async def messages(who: str, cloud: CurrentCloud, number: str | None = None) -> list[JSON]:
    """What is on a user's phone."""
    return [each.view() for each in _user(cloud, who).messages if number in {None, each.number}]


@router.post("/faults")
async def add_fault(given: Annotated[JSON, Body()], cloud: CurrentCloud) -> list[JSON]:
    """Have something go wrong."""
    try:
        cloud.faults.pending.append(Fault(**given))
    except TypeError as error:
        raise HTTPException(400, str(error)) from error
    return [view(fault) for fault in cloud.faults.pending]


@router.delete("/faults")
async def clear_faults(cloud: CurrentCloud) -> JSON:
    """Have nothing go wrong."""
    cloud.faults.pending.clear()
    return {}


@router.post("/clock")
async def clock(given: Annotated[JSON, Body()], cloud: CurrentCloud) -> JSON:
    """Set the clock forward."""
    cloud.clock.offset_s += given.get("advance_s", 0)
    return {"offset_s": cloud.clock.offset_s, "now": cloud.clock.now()}


@router.post("/limits")
async def limits(given: Annotated[JSON, Body()], cloud: CurrentCloud) -> JSON:
    """Set the rates and the window."""
    for key, value in given.items():
        if key not in {"pair_interval_s", "pair_burst", "throughput", "window_s"}:
            raise HTTPException(400, f"there is no limit {key}")
        setattr(cloud.config, key, value)
    return given


@router.post("/numbers/{number_id}")
async def change_number(number_id: str, given: Annotated[JSON, Body()], cloud: CurrentCloud) -> JSON:
    """Set fields of a number."""
    cloud.number_changes.setdefault(_number(cloud, number_id).id, {}).update(given)
    return given


@router.post("/templates")
async def make_template(given: Annotated[JSON, Body()], cloud: CurrentCloud) -> JSON:
    """Create a template and approve it."""
    template = cloud.templates.create(given)
    template.status = "APPROVED"
    return template.node()


@router.post("/templates/{name}/{language}")
async def change_template(name: str, language: str, given: Annotated[JSON, Body()], cloud: CurrentCloud) -> JSON:
    """Set a template's state."""
    template = cloud.templates.find(name, language)
    if template is None:
        raise HTTPException(404, "there is no such template")
    template.quality = given.get("quality", template.quality)
    if "category" in given:
        cloud.template_recategorized(template, given["category"])
    if "status" in given:
        template.status = given["status"]
        cloud.template_changed(template)
    return template.node()


@router.get("/counters")
async def counters(cloud: CurrentCloud) -> JSON:
    """How many requests of each kind."""
    return dict(cloud.counters) | {"media": cloud.counters["media"], "refusals": cloud.refused}


@router.get("/requests")
async def requests(cloud: CurrentCloud) -> list[JSON]:
    """What was taken."""
    return cloud.requests


@router.post("/reset")
async def reset(request: Request, cloud: CurrentCloud) -> JSON:
    """Begin again."""
    await cloud.restart(replace(request.app.state.config))
    return {}
