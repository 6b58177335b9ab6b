"""What the reference asks of messages that are neither text nor interactive: media, places, contacts, reactions."""

from __future__ import annotations

from . import limits
from .checks import at, boolean, invalid, items, keys, mapping, not_valid, optional, string, web_address
from .config import JSON

CAPTIONED = {"image", "video", "document"}
KINDS = {"image", "video", "document", "audio", "sticker"}


def check_media(content: JSON, kind: str, path: str, *, caption: bool = True) -> None:
    """Refuse media that has not exactly one of an uploaded id and a link, or what its kind doesn't have."""
    allowed = {"id", "link"}
    if kind in CAPTIONED and caption:
        allowed.add("caption")
    if kind == "document":
        allowed.add("filename")
    if kind == "audio":
        allowed.add("voice")
        boolean(content, "voice", path)
    keys(content, path, allowed)
    if ("id" in content) == ("link" in content):
        invalid(f"The parameter {at(path, 'id')} or {at(path, 'link')} is required, and not both.")
    if "link" in content:
        web_address(content, "link", path)
    elif not string(content, "id", path).isdecimal():
        invalid(f"Param {at(path, 'id')} is not a valid whatsapp business account media attachment ID.")
    optional(content, "caption", path, limits.CAPTION)
    optional(content, "filename", path, limits.MEDIA_FILENAME)


def check_location(content: JSON) -> None:
    """Refuse a place that has no coordinates on Earth."""
    keys(content, "location", {"latitude", "longitude", "name", "address"})
    for key, most in (("latitude", 90), ("longitude", 180)):
        value = content.get(key)
        if value is None:
            invalid(f"The parameter location['{key}'] is required.")
        try:
            inside = not isinstance(value, bool) and -most <= float(value) <= most
        except (TypeError, ValueError):
            inside = False
        if not inside:
            invalid(f"Param location['{key}'] must be a number between -{most} and {most}.")
    for key in ("name", "address"):
        optional(content, key, "location")


def check_contacts(body: JSON) -> None:
    """Refuse a contact without a formatted name and one part of it."""
    contacts = items(body, "contacts")
    if not contacts:
        invalid("The parameter contacts is required.")
    allowed = {"addresses", "birthday", "emails", "name", "org", "phones", "urls"}
    parts = ("first_name", "last_name", "middle_name", "suffix", "prefix")
    for place, contact in enumerate(contacts):
        path = at("contacts", place)
        keys(contact, path, allowed)
        name = mapping(contact, "name", path, {"formatted_name", *parts})
        string(name, "formatted_name", at(path, "name"))
        if not any(optional(name, part, at(path, "name")) for part in parts):
            not_valid("At least one of first_name, last_name, middle_name, suffix, prefix is required")


def check_reaction(content: JSON) -> None:
    """Refuse a reaction without its message, or with more than an emoji. An empty emoji takes one back."""
    keys(content, "reaction", {"message_id", "emoji"})
    string(content, "message_id", "reaction")
    emoji = content.get("emoji")
    if emoji is None:
        invalid("The parameter reaction['emoji'] is required.")
    if not isinstance(emoji, str):
        invalid("Param reaction['emoji'] must be a string.")
    if emoji.isascii() and emoji:
        not_valid("Reaction emoji is not a valid emoji")
