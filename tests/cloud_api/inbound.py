"""What a user does in a chat, as their phone shows it and as the webhook has it."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING

from .config import JSON, Number
from .interactive import choices
from .phones import Message, User, new_id

if TYPE_CHECKING:
    from .cloud import Cloud

MEDIA = {
    "image": "image/jpeg",
    "video": "video/mp4",
    "audio": "audio/ogg; codecs=opus",
    "voice": "audio/ogg; codecs=opus",
    "sticker": "image/webp",
    "document": "application/pdf",
}
PLAIN = {"location", "contacts", "order", "reaction", "request_welcome"}


def build(cloud: Cloud, user: User, number: Number, what: JSON) -> tuple[Message, JSON]:
    """The message on the phone, and the entry of the webhook's `messages`; raises ValueError."""
    kind = what.get("type", "text")
    message = Message(new_id(_whose(user)), number.id, False, kind, {}, cloud.clock.now(), "sent")
    entry: JSON = user.origin | {"id": message.id, "timestamp": cloud.clock.stamp()}
    if quoted := what.get("reply_to"):
        message.quotes = quoted
        entry["context"] = {"from": number.digits, "id": quoted}
    if what.get("forwarded"):
        entry["context"] = entry.get("context", {}) | {"forwarded": True}
    entry |= _entry(cloud, user, number, message, what)
    if "referral" in what:
        entry["referral"] = what["referral"]
    if entry["type"] not in {"system", "request_welcome", "edit", "revoke", "reaction"}:
        message.kind = entry["type"]
        content = entry.get(entry["type"], {})
        message.content = content if isinstance(content, dict) else {entry["type"]: content}
        user.messages.append(message)
    return message, entry


def _whose(user: User) -> str:
    return user.user_id or user.wa_id if user.phone_hidden else user.wa_id


def _entry(cloud: Cloud, user: User, number: Number, message: Message, what: JSON) -> JSON:
    kind = what.get("type", "text")
    if kind == "text":
        return {"type": "text", "text": {"body": _text(what)}}
    if kind == "press":
        return _press(user, number, message, what)
    if kind == "reaction":
        return _reaction(user, what)
    if kind in MEDIA:
        return _media(cloud, what)
    if kind in {"edit", "revoke"}:
        return _change(user, what)
    if kind == "system":
        return _system(cloud, user, what)
    if kind == "unsupported":
        title = "Message type unknown"
        error: JSON = {"code": 131051, "title": title, "message": title}
        error["error_data"] = {"details": "Message type is currently not supported."}
        return {"type": kind, kind: {"type": what.get("unsupported", "poll_creation")}, "errors": [error]}
    if kind == "raw":
        found: JSON = what["message"]
        return found
    if kind in PLAIN:
        return {"type": kind} | ({kind: what[kind]} if kind in what else {})
    raise ValueError(f"no user sends {kind!r}; of a type that there isn't yet, use `raw`")


def _text(what: JSON) -> str:
    text = what.get("text")
    if not isinstance(text, str) or not text:
        raise ValueError("`text` is missing")
    return text


def _press(user: User, number: Number, message: Message, what: JSON) -> JSON:
    """A reply button, a row of a list or a template's quick reply: the last with such an id or title, if not named."""
    wanted = what.get("id"), what.get("title")
    for shown in reversed(user.chat(number.id)):
        if not shown.outgoing or what.get("message") not in {None, shown.id}:
            continue
        context = {"context": {"from": number.digits, "id": shown.id}}
        message.quotes = shown.id
        for name, choice in choices(shown.content):
            if choice["id"] == wanted[0] or choice["title"] == wanted[1]:
                return context | {"type": "interactive", "interactive": {"type": name, name: choice}}
        for button in shown.shown.get("buttons", []):
            if button["payload"] == wanted[0] or button["text"] == wanted[1]:
                return context | {"type": "button", "button": button}
    raise ValueError(f"nothing on the phone has a button or row {wanted[0] or wanted[1]!r}")


def _reaction(user: User, what: JSON) -> JSON:
    target = user.message(what.get("message", ""))
    if target is None:
        raise ValueError("`message` is no message on the phone")
    emoji = what.get("emoji") or ""
    target.reactions["user"] = emoji
    # A reaction that was taken back has no emoji at all.
    return {"type": "reaction", "reaction": {"message_id": target.id} | ({"emoji": emoji} if emoji else {})}


def _media(cloud: Cloud, what: JSON) -> JSON:
    kind = what["type"]
    name = "audio" if kind == "voice" else kind
    media_id = str(10**14 + secrets.randbelow(9 * 10**14))
    cloud.media.add(media_id)
    digest = hashlib.sha256(media_id.encode()).hexdigest()
    content: JSON = {"mime_type": what.get("mime_type", MEDIA[kind]), "sha256": digest, "id": media_id}
    content["url"] = f"https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid={media_id}"
    if name == "audio":
        content["voice"] = kind == "voice"
    if kind == "sticker":
        content["animated"] = bool(what.get("animated"))
    if kind == "document":
        content["filename"] = what.get("filename", "file.pdf")
    if what.get("caption"):
        content["caption"] = what["caption"]
    return {"type": name, name: content}


def _change(user: User, what: JSON) -> JSON:
    """An edit or a deletion of a message that the user wrote."""
    target = user.message(what.get("message", ""))
    if target is None or target.outgoing:
        raise ValueError("`message` is no message that the user wrote")
    if what["type"] == "revoke":
        target.revoked = True
        return {"type": "revoke", "revoke": {"original_message_id": target.id}}
    target.edited = True
    target.content = {"body": _text(what)}
    edited = {"type": "text", "text": {"body": _text(what)}}
    return {"type": "edit", "edit": {"original_message_id": target.id, "message": edited}}


def _system(cloud: Cloud, user: User, what: JSON) -> JSON:
    """The user has another number, or another business-scoped id. `from` is still the old one."""
    if "new_wa_id" in what:
        old, new = user.wa_id, str(what["new_wa_id"])
        cloud.phones.users[new] = cloud.phones.users.pop(old)
        user.wa_id = new
        body = f"User {user.name} changed from {old} to {new}"
        content: JSON = {"body": body, "wa_id": new, "type": "user_changed_number"}
        if user.user_id:
            user.user_id = what.get("new_user_id", user.user_id)
            content["user_id"] = user.user_id
        return {"type": "system", "system": content}
    user.user_id = str(what["new_user_id"])
    body = f"User {user.name} changed their user ID"
    return {"type": "system", "system": {"body": body, "user_id": user.user_id, "type": "user_changed_user_id"}}
