"""What the reference asks of a template message: its own form, then its parameters against the approved text."""

from __future__ import annotations

import re

from . import limits
from .checks import at, invalid, items, keys, mapping, one_of, string
from .config import JSON
from .errors import GraphError
from .limits import length
from .templates import Template, Templates, variables

PARTS = {"header", "body", "button", "footer", "carousel", "limited_time_offer", "order_status"}
PARAMETERS = {"text", "currency", "date_time", "image", "video", "document", "location", "payload", "coupon_code"} | {
    "action",
    "ttl_minutes",
}
BUTTONS = {"quick_reply", "url", "copy_code", "flow", "voice_call", "phone_number", "catalog", "mpm", "order_details"}


def check_template(content: JSON) -> None:
    """Refuse what isn't a template's form."""
    keys(content, "template", {"name", "language", "components", "namespace"})
    string(content, "name", "template", limits.TEMPLATE_NAME)
    path = at("template", "language")
    language = mapping(content, "language", "template", {"code", "policy"})
    string(language, "code", path)
    if language.get("policy", "deterministic") != "deterministic":
        invalid(f'Param {at(path, "policy")} must be one of {{DETERMINISTIC}} - got "{language["policy"]}".')
    if content.get("components") is None:
        return
    for place, part in enumerate(items(content, "components", "template")):
        here = at(at("template", "components"), place)
        kind = one_of(part, "type", PARTS | {each.upper() for each in PARTS}, here).lower()
        allowed = {"type", "parameters"}
        if kind == "button":
            allowed |= {"sub_type", "index"}
            one_of(part, "sub_type", BUTTONS | {each.upper() for each in BUTTONS}, here)
            if not str(part.get("index", "")).isdecimal():
                invalid(f"The parameter {at(here, 'index')} is required.")
        keys(part, here, allowed | {"cards"})
        for number, parameter in enumerate(items(part, "parameters", here) if "parameters" in part else []):
            _parameter(parameter, at(at(here, "parameters"), number))


def _parameter(parameter: JSON, path: str) -> None:
    kind = one_of(parameter, "type", PARAMETERS, path)
    keys(parameter, path, {"type", "parameter_name", kind})
    if kind == "text":
        text = string(parameter, "text", path)
        if re.search(r"[\n\t]| {5,}", text):
            details = "Param text cannot have new-line/tab characters or more than 4 consecutive spaces"
            raise GraphError(132018, details=details)


def match(templates: Templates, content: JSON) -> Template:
    """The approved template that a message names, if its parameters fit; raises GraphError."""
    name, language = content["name"], content["language"]["code"]
    template = templates.find(name, language)
    if template is None or template.status not in {"APPROVED", "PAUSED", "DISABLED"}:
        raise GraphError(132001, details=f"template name ({name}) does not exist in {language}")
    if template.status == "PAUSED":
        raise GraphError(132015)
    if template.status == "DISABLED":
        raise GraphError(132016)
    given = {each["type"].lower(): each for each in content.get("components") or [] if each["type"] != "button"}
    _count(template, "body", given.get("body", {}), limits.TEMPLATE_BODY)
    if template.part("HEADER").get("format", "TEXT").upper() == "TEXT":
        _count(template, "header", given.get("header", {}), limits.HEADER)
    elif not given.get("header", {}).get("parameters"):
        expected = template.part("HEADER")["format"].upper()
        raise GraphError(132012, details=f"header: Format mismatch, expected {expected}, received UNKNOWN")
    _buttons(template, content)
    return template


def _count(template: Template, kind: str, part: JSON, most: int) -> None:
    text = template.part(kind.upper()).get("text", "")
    expected, parameters = variables(text), part.get("parameters", [])
    if len(parameters) != len(expected):
        given = f"number of localizable_params ({len(parameters)})"
        raise GraphError(
            132000, details=f"{kind}: {given} does not match the expected number of params ({len(expected)})"
        )
    if template.parameter_format == "NAMED" and {each.get("parameter_name") for each in parameters} != set(expected):
        invalid("Invalid parameter", "Parameter name is missing or empty")
    filled = fill(text, template, parameters)
    if length(filled) > most:
        raise GraphError(132005, details=f"{kind}: the text with its parameters is longer than {most} characters")


def fill(text: str, template: Template, parameters: list[JSON]) -> str:
    """A component's text with the values of a message."""
    values = [_shown(each) for each in parameters]
    named = {each.get("parameter_name", ""): value for each, value in zip(parameters, values, strict=True)}
    order = dict(zip(variables(text), values, strict=False))
    chosen = named if template.parameter_format == "NAMED" else order
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda found: chosen.get(found[1], ""), text)


def _shown(parameter: JSON) -> str:
    value = parameter.get(parameter["type"], "")
    return str(value.get("fallback_value", "") if isinstance(value, dict) else value)


def _buttons(template: Template, content: JSON) -> None:
    """Refuse a parameter for a button that isn't there, or none for a link that has a variable."""
    given = {int(each["index"]): each for each in content.get("components") or [] if each["type"].lower() == "button"}
    for index, part in given.items():
        kind = part["sub_type"].upper()
        if index >= len(template.buttons) or template.buttons[index]["type"].upper() != kind:
            raise GraphError(132018, details=f"buttons: Button at index {index} is not of type {kind}")
    for index, button in enumerate(template.buttons):
        if variables(button.get("url", "")) and not given.get(index, {}).get("parameters"):
            details = f"buttons: Button at index {index} of type Url requires a parameter"
            raise GraphError(132018, details=details)


def pressed(template: Template, content: JSON) -> list[JSON]:
    """The quick replies of a message: `text`, and the `payload` that a press sends back."""
    given = {int(each["index"]): each for each in content.get("components") or [] if each["type"].lower() == "button"}
    found = []
    for index, button in enumerate(template.buttons):
        if button["type"].upper() == "QUICK_REPLY":
            parameters = given.get(index, {}).get("parameters") or [{}]
            found.append({"text": button["text"], "payload": parameters[0].get("payload", button["text"])})
    return found
