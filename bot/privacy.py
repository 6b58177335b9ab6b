"""Masks what identifies a person before a message is stored, logged, or passed on.

Structured identifiers only: names and stories cannot be found reliably, which is why residents are told not to send
them. A number that looks like an identifier but isn't loses nothing that the assistant needs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import phonenumbers
from stdnum import luhn

Spans = Iterator[tuple[int, int]]

_LABEL = r"(?:\s*(?:number|no\.?|num\.?|numero|número|es|is|was|:|#|=|-|el|my|mi)){0,4}\s*"


def _pattern(expression: str, keep: Callable[[str], bool] = lambda _: True) -> Callable[[str], Spans]:
    """Finds group `id` of a pattern (or all of it), where `keep` agrees."""
    compiled = re.compile(expression, re.IGNORECASE)
    group: int | str = "id" if "id" in compiled.groupindex else 0

    def find(text: str) -> Spans:
        for match in compiled.finditer(text):
            if keep(match[group]):
                yield match.span(group)

    return find


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _phones(text: str) -> Spans:
    for region in ("US", "MX"):
        for match in phonenumbers.PhoneNumberMatcher(text, region, leniency=phonenumbers.Leniency.POSSIBLE):
            if len(_digits(match.raw_string)) >= 7 and not re.fullmatch(r"(19|20)\d\d-\d\d-\d\d", match.raw_string):
                yield match.start, match.end


_has_digit: Callable[[str], bool] = lambda text: any(char.isdigit() for char in text)  # noqa: E731

# In this order: the more specific first. The name stands in the text in place of what was masked.
_FINDERS: list[tuple[str, Callable[[str], Spans]]] = [
    ("email", _pattern(r"[\w.+-]+\s?@\s?[\w-]+(?:\.[\w-]+)+")),
    ("curp", _pattern(r"\b[A-Z]{4}[ -]?\d{6}[ -]?[HMX][A-Z]{5}[ -]?[A-Z\d]\d\b")),
    ("a-number", _pattern(r"\bA[ #-]{0,2}\d{2,3}[ -]?\d{3}[ -]?\d{3}\b")),
    ("a-number", _pattern(rf"\b(?:alien|registro de extranjero|uscis|a-number){_LABEL}(?P<id>\d[\d -]{{6,10}}\d)\b")),
    ("passport", _pattern(rf"\b(?:passport|pasaporte){_LABEL}(?P<id>[A-Z]{{0,3}}\d{{5,10}})\b")),
    ("passport", _pattern(r"\b[A-Z]\d{8}\b")),
    (
        "id",
        _pattern(
            rf"\b(?:consular|matr[ií]cula|licencia|license|licence|dui|c[eé]dula|ine){_LABEL}"
            r"(?P<id>[A-Z]{0,3}\d[\d -]{5,12}\d)\b"
        ),
    ),
    ("ssn", _pattern(r"\b\d{3}[ .-]\d{2}[ .-]\d{4}\b")),
    ("ssn", _pattern(rf"\b(?:ssn|social|seguro social|seguro|itin|tax id){_LABEL}(?P<id>\d{{9}})\b")),
    ("card", _pattern(r"\b\d(?:[ -]?\d){12,18}\b", lambda text: luhn.is_valid(_digits(text)))),
    ("phone", _phones),
    (
        "plate",
        _pattern(rf"\b(?:plates?|placas?|tablilla){_LABEL}(?P<id>[A-Z0-9]{{1,4}}[ -]?[A-Z0-9]{{2,5}})\b", _has_digit),
    ),
    ("number", _pattern(r"\b[A-Z]{0,2}\d{7,}\b")),
]


def mask(text: str) -> str:
    """`text` with each identifier replaced by its kind in brackets, such as "[phone]"."""
    for name, find in _FINDERS:
        for start, end in sorted(set(find(text)), reverse=True):
            # Spans come last first, so the ones before stay valid; one inside another already masked is skipped.
            if "[" not in text[start:end]:
                text = f"{text[:start]}[{name}]{text[end:]}"
    return text
