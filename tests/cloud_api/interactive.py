"""What the reference asks of an interactive message: reply buttons, a list, a link, and the rarer kinds."""

from __future__ import annotations

from . import limits
from .checks import (
    at,
    boolean,
    invalid,
    items,
    keys,
    mapping,
    not_valid,
    one_of,
    optional,
    sized,
    unique,
    web_address,
)
from .config import JSON
from .limits import length
from .media import check_media

PATH = "interactive"
HEADERS = {"text", "image", "video", "document"}
LOOSE = {
    "address_message",
    "call_permission_request",
    "carousel",
    "catalog_message",
    "flow",
    "location_request_message",
    "product",
    "product_list",
    "request_contact_info",
    "voice_call",
}
"""Kinds that are taken without a look at their action: no department's assistant has any use for them."""


def check_interactive(content: JSON, list_body_max: int) -> None:
    """Refuse what the reference doesn't allow."""
    kind = one_of(content, "type", {"button", "list", "cta_url", *LOOSE}, PATH)
    keys(content, PATH, {"type", "header", "body", "footer", "action"})
    if "header" in content:
        _header(mapping(content, "header", PATH), {"text"} if kind == "list" else HEADERS)
    most = list_body_max if kind == "list" else limits.INTERACTIVE_BODY
    if kind not in LOOSE or "body" in content:
        body = mapping(content, "body", PATH, {"text"})
        sized(body, "text", at(PATH, "body"), "Body text", most)
    if "footer" in content:
        footer = mapping(content, "footer", PATH, {"text"})
        sized(footer, "text", at(PATH, "footer"), "Footer text", limits.FOOTER)
    action = mapping(content, "action", PATH)
    if kind == "button":
        _buttons(action, at(PATH, "action"))
    elif kind == "list":
        _list(action, at(PATH, "action"))
    elif kind == "cta_url":
        _link(action, at(PATH, "action"))


def _header(header: JSON, kinds: set[str]) -> None:
    path = at(PATH, "header")
    kind = one_of(header, "type", kinds, path)
    keys(header, path, {"type", kind, "sub_text"})
    if kind == "text":
        sized(header, "text", path, "Header text", limits.HEADER)
    else:
        check_media(mapping(header, kind, path), kind, at(path, kind), caption=False)


def _buttons(action: JSON, path: str) -> None:
    keys(action, path, {"buttons"})
    buttons = items(action, "buttons", path)
    if not 1 <= len(buttons) <= limits.BUTTONS:
        not_valid(f"Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: {limits.BUTTONS}")
    titles, ids = [], []
    for place, button in enumerate(buttons):
        here = at(at(path, "buttons"), place)
        keys(button, here, {"type", "reply"})
        one_of(button, "type", {"reply"}, here)
        reply = mapping(button, "reply", here, {"id", "title"})
        here = at(here, "reply")
        titles.append(sized(reply, "title", here, "Button title", limits.BUTTON_TITLE))
        ids.append(sized(reply, "id", here, "Button reply id", limits.BUTTON_ID))
        if ids[-1] != ids[-1].strip():
            not_valid("Button reply id cannot have leading or trailing spaces")
    unique(titles, "button title")
    unique(ids, "button reply id")


def _list(action: JSON, path: str) -> None:
    keys(action, path, {"button", "sections"})
    sized(action, "button", path, "Button label", limits.LIST_BUTTON)
    sections = items(action, "sections", path)
    if not 1 <= len(sections) <= limits.LIST_SECTIONS:
        not_valid(f"Invalid sections count. Min allowed sections: 1, Max allowed sections: {limits.LIST_SECTIONS}")
    ids: list[str] = []
    for place, section in enumerate(sections):
        here = at(at(path, "sections"), place)
        keys(section, here, {"title", "rows"})
        title = optional(section, "title", here)
        if len(sections) > 1 and not (title or "").strip():
            not_valid("Section title is required when there is more than one section")
        if title is not None and not 1 <= length(title) <= limits.SECTION_TITLE:
            not_valid(f"Section title length invalid. Min length: 1, Max length: {limits.SECTION_TITLE}")
        rows = items(section, "rows", here)
        if not rows:
            not_valid("Section must have at least one row")
        for number, row in enumerate(rows):
            ids.append(_row(row, at(at(here, "rows"), number)))
    if len(ids) > limits.LIST_ROWS:
        not_valid(f"Total row count exceed max allowed count: {limits.LIST_ROWS}")
    unique(ids, "row id")


def _row(row: JSON, path: str) -> str:
    keys(row, path, {"id", "title", "description"})
    sized(row, "title", path, "Row title", limits.ROW_TITLE)
    if row.get("description") is not None:
        sized(row, "description", path, "Row description", limits.ROW_DESCRIPTION)
    return sized(row, "id", path, "Row id", limits.ROW_ID)


def _link(action: JSON, path: str) -> None:
    keys(action, path, {"name", "parameters"})
    one_of(action, "name", {"cta_url"}, path)
    parameters = mapping(action, "parameters", path, {"display_text", "url", "webview_presentation"})
    here = at(path, "parameters")
    sized(parameters, "display_text", here, "Display text", limits.CTA_DISPLAY_TEXT)
    web_address(parameters, "url", here)


def choices(content: JSON) -> list[tuple[str, JSON]]:
    """What a user can press: of each, `button_reply` or `list_reply`, and what the webhook then has of it."""
    action = content.get("action", {})
    if content.get("type") == "button":
        return [("button_reply", dict(button["reply"])) for button in action["buttons"]]
    if content.get("type") == "list":
        return [("list_reply", dict(row)) for section in action["sections"] for row in section["rows"]]
    return []


def check_text(content: JSON) -> None:
    """Refuse a text message that the reference doesn't allow."""
    keys(content, "text", {"body", "preview_url"})
    boolean(content, "preview_url", "text")
    body = optional(content, "body", "text", limits.TEXT_BODY)
    if body is None or not body.strip():
        invalid("The parameter text['body'] is required.")
