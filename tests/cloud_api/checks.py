"""Checks of a request's values, refused in the Graph API's words: what is required, of which type, how long."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NoReturn
from urllib.parse import urlsplit

from .config import JSON
from .errors import GraphError
from .limits import length


def invalid(message: str, details: str | None = None) -> NoReturn:
    """Raise the Graph API's own error, of a parameter's name, type or presence."""
    raise GraphError(100, f"(#100) {message}", details=details or "")


def not_valid(details: str) -> NoReturn:
    """Raise WhatsApp's error, of a value that has the right type."""
    raise GraphError(131009, details=details)


def at(path: str, key: str | int) -> str:
    """A parameter's path as the Graph API writes it: `interactive['body']['text']`."""
    if not path:
        return str(key)
    return f"{path}[{key}]" if isinstance(key, int) else f"{path}['{key}']"


def keys(value: JSON, path: str, allowed: Collection[str]) -> None:
    """Refuse what is not a parameter."""
    for key in value:
        if key not in allowed:
            where = f'param "{path}"' if path else "the request"
            invalid(f'Unexpected key "{key}" on {where}.')


def mapping(parent: JSON, key: str, path: str = "", allowed: Collection[str] | None = None) -> JSON:
    """A required object, with no key but the allowed ones."""
    value = parent.get(key)
    here = at(path, key)
    if value is None:
        invalid(f"The parameter {here} is required.")
    if not isinstance(value, dict):
        invalid(f"Param {here} must be a JSON object.")
    if allowed is not None:
        keys(value, here, allowed)
    return value


def items(parent: JSON, key: str, path: str = "") -> list[JSON]:
    """A required list of objects."""
    value = parent.get(key)
    here = at(path, key)
    if value is None:
        invalid(f"The parameter {here} is required.")
    if not isinstance(value, list):
        invalid(f"Param {here} must be an array.")
    for place, each in enumerate(value):
        if not isinstance(each, dict):
            invalid(f"Param {at(here, place)} must be a JSON object.")
    return value


def string(parent: JSON, key: str, path: str = "", most: int | None = None) -> str:
    """A required string, not blank, of at most so many characters."""
    value = optional(parent, key, path, most)
    if value is None or not value.strip():
        invalid(f"The parameter {at(path, key)} is required.")
    return value


def optional(parent: JSON, key: str, path: str = "", most: int | None = None) -> str | None:
    """A string, or None if there is none."""
    value = parent.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        invalid(f"Param {at(path, key)} must be a string.")
    if most is not None and length(value) > most:
        invalid(f"Param {at(path, key)} must be at most {most} characters long.")
    return value


def sized(parent: JSON, key: str, path: str, name: str, most: int) -> str:
    """A required string of an interactive message, whose length WhatsApp checks and words in its own way."""
    value: Any = parent.get(key)
    if value is None:
        invalid(f"The parameter {at(path, key)} is required.")
    if not isinstance(value, str):
        invalid(f"Param {at(path, key)} must be a string.")
    if not value.strip() or length(value) > most:
        not_valid(f"{name} length invalid. Min length: 1, Max length: {most}")
    return value


def one_of(parent: JSON, key: str, values: Collection[str], path: str = "") -> str:
    """A required string that is one of `values`."""
    value = string(parent, key, path)
    if value not in values:
        named = ", ".join(sorted(each.upper() for each in values))
        invalid(f'Param {at(path, key)} must be one of {{{named}}} - got "{value}".')
    return value


def boolean(parent: JSON, key: str, path: str = "") -> None:
    """Refuse a value that is there and not a boolean."""
    if key in parent and not isinstance(parent[key], bool):
        invalid(f"Param {at(path, key)} must be a boolean.")


def web_address(parent: JSON, key: str, path: str) -> str:
    """A required absolute http or https URL."""
    value = string(parent, key, path)
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or any(char.isspace() for char in value):
        invalid(f"Param {at(path, key)} is not a valid URL.")
    return value


def unique(values: list[str], name: str) -> None:
    """Refuse the same value twice."""
    for place, value in enumerate(values):
        if value in values[:place]:
            not_valid(f"Duplicated {name}: {value}")
