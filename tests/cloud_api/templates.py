"""The account's message templates: what may be created, in which state each is, and how they are listed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from . import limits
from .checks import invalid, items, keys, one_of, string
from .config import JSON
from .errors import GraphError
from .limits import length

CATEGORIES = {"AUTHENTICATION", "MARKETING", "UTILITY"}
BUTTONS = {"QUICK_REPLY", "URL", "PHONE_NUMBER", "COPY_CODE", "OTP", "FLOW", "VOICE_CALL", "REQUEST_CONTACT_INFO"}
_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")


def variables(text: str) -> list[str]:
    """The names or numbers of a text's variables, each once, in their order."""
    return list(dict.fromkeys(_VARIABLE.findall(text)))


@dataclass(slots=True)
class Template:
    """One template in one language."""

    id: str
    name: str
    language: str
    category: str
    components: list[JSON]
    parameter_format: str = "POSITIONAL"
    status: str = "APPROVED"
    quality: str = "UNKNOWN"

    def part(self, kind: str) -> JSON:
        """The component of a kind, or nothing."""
        return next((each for each in self.components if each["type"].upper() == kind), {})

    @property
    def buttons(self) -> list[JSON]:
        """Its buttons, in their order."""
        found: list[JSON] = self.part("BUTTONS").get("buttons", [])
        return found

    def node(self) -> JSON:
        """It, as the list of templates has it."""
        return {
            "name": self.name,
            "parameter_format": self.parameter_format,
            "components": self.components,
            "language": self.language,
            "status": self.status,
            "category": self.category,
            "quality_score": {"score": self.quality},
            "id": self.id,
        }


@dataclass(slots=True)
class Templates:
    """All templates of the account."""

    review: str = "APPROVED"
    all: list[Template] = field(default_factory=list)
    made: int = 0
    deleted: set[tuple[str, str]] = field(default_factory=set)
    """Names and languages of those that were approved: Meta takes them again after 30 days, this here never."""

    def find(self, name: str, language: str) -> Template | None:
        """The template of that name in that language, in whichever state."""
        return next((each for each in self.all if (each.name, each.language) == (name, language)), None)

    def create(self, request: JSON) -> Template:
        """A new template, if the reference allows it; raises GraphError."""
        check_creation(request)
        if self.find(request["name"], request["language"]):
            raise _user(
                2388024,
                "Content in This Language Already Exists",
                "There is already content in this language for this template.",
            )
        if (request["name"], request["language"]) in self.deleted:
            raise _user(
                2388023,
                "Message Template Language is Being Deleted",
                "New content can't be added in this language while the existing content is being deleted.",
            )
        self.made += 1
        template = Template(
            id=str(900000000000000 + self.made),
            name=request["name"],
            language=request["language"],
            category=request["category"].upper(),
            components=request["components"],
            parameter_format=request.get("parameter_format", "POSITIONAL").upper(),
            status=self.review,
        )
        self.all.append(template)
        return template

    def delete(self, gone: list[Template]) -> None:
        """Delete some of them."""
        self.deleted |= {(each.name, each.language) for each in gone if each.status not in {"PENDING", "REJECTED"}}
        self.all = [each for each in self.all if each not in gone]

    def select(self, name: str = "", language: str = "", status: str = "", category: str = "") -> list[Template]:
        """The templates whose name contains `name`, and the rest as given."""
        return [
            each
            for each in self.all
            if name in each.name
            and (not language or each.language == language)
            and (not status or each.status == status.upper())
            and (not category or each.category == category.upper())
        ]


def _user(subcode: int, title: str, text: str) -> GraphError:
    return GraphError(100, "Invalid parameter", subcode=subcode, user=(title, text), whatsapp=False)


def check_creation(request: JSON) -> None:
    """Refuse a template that the reference doesn't allow."""
    keys(
        request,
        "",
        {"name", "language", "category", "components", "parameter_format", "allow_category_change"}
        | {"message_send_ttl_seconds", "cta_url_link_tracking_opted_out", "library_template_name"},
    )
    name = string(request, "name", "", limits.TEMPLATE_NAME)
    if not re.fullmatch(r"[a-z0-9_]+", name):
        invalid("Param name must be lowercase letters, digits and underscores.")
    if string(request, "language") not in limits.LANGUAGES:
        invalid("Param language is not a supported language.")
    one_of(request, "category", CATEGORIES | {each.lower() for each in CATEGORIES})
    named = request.get("parameter_format", "POSITIONAL").upper() == "NAMED"
    parts = {one_of(part, "type", _spellings(PARTS), "components"): part for part in items(request, "components")}
    found = {kind.upper(): part for kind, part in parts.items()}
    if "BODY" not in found:
        raise _user(2388043, "Body missing", "Message template must have a component of type BODY.")
    _text(found["BODY"], "BODY", limits.TEMPLATE_BODY, named)
    if "HEADER" in found:
        _header(found["HEADER"], named)
    if "FOOTER" in found:
        _text(found["FOOTER"], "FOOTER", limits.FOOTER, named)
    if "BUTTONS" in found:
        _buttons(items(found["BUTTONS"], "buttons", "components"))


PARTS = {"HEADER", "BODY", "FOOTER", "BUTTONS"}


def _spellings(names: Iterable[str]) -> set[str]:
    return {spelt for name in names for spelt in (name, name.lower())}


def _header(part: JSON, named: bool) -> None:
    formats = {"TEXT", "IMAGE", "VIDEO", "DOCUMENT", "LOCATION"}
    if one_of(part, "format", _spellings(formats), "components").upper() == "TEXT":
        _text(part, "HEADER", limits.HEADER, named)


def _text(part: JSON, kind: str, most: int, named: bool) -> None:
    """Check a component's text, its variables and their examples."""
    text = string(part, "text", "components")
    if length(text) > most:
        raise _user(2388040, "Character Limit Exceeded", f"{kind} must be at most {most} characters long.")
    found = variables(text)
    if kind == "FOOTER" and found:
        raise _user(2388073, "Message footer format is incorrect", "The footer can't have variables.")
    if kind == "HEADER" and ("\n" in text or len(found) > 1):
        raise _user(2388047, "Message header format is incorrect", "The header can have one variable and one line.")
    if not found:
        return
    if not named and found != [str(number) for number in range(1, len(found) + 1)]:
        raise _user(2388072, "Message body format is incorrect", "Variables must be numbered from 1.")
    if named and not all(re.fullmatch(r"[a-z][a-z0-9_]*", each) for each in found):
        raise _user(2388072, "Message body format is incorrect", "Variables must be lowercase names.")
    if kind == "BODY" and (re.match(r"\s*\{\{", text) or re.search(r"\}\}\s*$", text)):
        raise _user(2388299, "Leading or trailing params", "Variables can't be at the start or end of the template.")
    if _examples(part, kind, named) != len(found):
        raise _user(
            2388043,
            "Message template components param is missing expected field(s)",
            f"component of type {kind} is missing expected field(s) (example)",
        )


def _examples(part: JSON, kind: str, named: bool) -> int:
    """How many variables have an example."""
    example = part.get("example") or {}
    if named:
        return len(example.get(f"{kind.lower()}_text_named_params") or [])
    values = example.get(f"{kind.lower()}_text") or []
    return len(values[0]) if values and isinstance(values[0], list) else len(values)


def _buttons(buttons: list[JSON]) -> None:
    kinds = [one_of(button, "type", _spellings(BUTTONS), "buttons").upper() for button in buttons]
    if not 1 <= len(buttons) <= limits.TEMPLATE_BUTTONS:
        invalid(f"Param buttons must have between 1 and {limits.TEMPLATE_BUTTONS} elements.")
    most = {"URL": limits.TEMPLATE_URL_BUTTONS, "PHONE_NUMBER": limits.TEMPLATE_PHONE_BUTTONS}
    for kind, number in most.items():
        if kinds.count(kind) > number:
            invalid(f"Param buttons can have at most {number} of type {kind}.")
    quick = [kind == "QUICK_REPLY" for kind in kinds]
    if sum(left != right for left, right in pairwise(quick)) > 1:
        invalid("Invalid button combination: quick replies must be together.")
    for button, kind in zip(buttons, kinds, strict=True):
        if kind not in {"OTP", "COPY_CODE", "REQUEST_CONTACT_INFO"}:
            text = string(button, "text", "buttons")
            if length(text) > limits.TEMPLATE_BUTTON_TEXT:
                title = "Character Limit Exceeded"
                raise _user(2388040, title, f"BUTTON must be at most {limits.TEMPLATE_BUTTON_TEXT} characters long.")
        if kind == "URL":
            string(button, "url", "buttons", limits.TEMPLATE_URL)
        if kind == "PHONE_NUMBER":
            string(button, "phone_number", "buttons", 20)
