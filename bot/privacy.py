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

_LABEL = r"(?:\s*(?:number|no\.?|num\.?|numero|número|es|is|was|:|#|=|-|,|el|my|mi)){0,4}\s*"


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


# Numbers with the shape of a phone number or an identifier that aren't one: dates, two years, and the numbers of the
# sections of the published texts ("3-01/110.00"), which residents ask about.
_KEPT = re.compile(
    r"(?:(?:19|20)\d\d[-/.]\d\d?[-/.]\d\d?|\d\d?[-/.]\d\d?[-/.](?:19|20)\d\d|(?:19|20)\d\d\W{1,3}(?:19|20)\d\d"
    r"|\d{1,2}-\d\d/\d{3}\.\d\d)"
)


def _is_identifier(text: str) -> bool:
    return not _KEPT.fullmatch(text)


_SPACES = str.maketrans({"\n": " ", "·": ".", "_": "-", "*": "-"})
"""What people set between the parts of a number, as phonenumbers knows it."""


def _cards(text: str) -> Spans:
    """Card numbers, also with the digits of a date or a code after them."""
    for match in re.finditer(rf"(?<!\d)\d(?:[ -]?\d){{12,}}{_END}", text):
        ends = [place for place in range(match.start() + 1, match.end() + 1) if text[place - 1].isdigit()]
        for end in reversed(ends[12:19]):
            is_cut = text[end : end + 1].isdigit()  # in the middle of a group
            if not is_cut and luhn.is_valid(_digits(text[match.start() : end])):
                yield match.start(), end
                break


def _has_digit(text: str) -> bool:
    return any(char.isdigit() for char in text)


def _phones(text: str) -> Spans:
    text = text.translate(_SPACES)  # each sign by one other, so that places stay
    for region in ("US", "MX"):
        for match in phonenumbers.PhoneNumberMatcher(text, region, leniency=phonenumbers.Leniency.POSSIBLE):
            if len(_digits(match.raw_string)) >= 7 and _is_identifier(match.raw_string):
                yield match.start, match.end


# People write numbers close to words ("folio123456789", "A123456789y"): a number ends where its digits end, and a
# letter belongs to it where no other letter stands before. `\b` would see neither.
_START = r"(?<![^\W\d_])"
_END = r"(?!\d)"
_AT = r"(?:\s?@\s?|\s*[(\[]\s*(?:at|arroba)\s*[)\]]\s*|\s+arroba\s+)"
_DOT = r"(?:\.|\s*[(\[]\s*(?:dot|punto)\s*[)\]]\s*|\s+(?:dot|punto)\s+)"
_MAILS = r"(?:gmail|hotmail|yahoo|outlook|icloud|live|aol|proton|protonmail|msn)"
_DASH = r" ?[ .\-_*\u2010-\u2015\u2212/] ?"
"""Between the parts of a number."""
_BORN = r"\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
"""A date of birth: year, month, day."""
_PLATE = r"\b(?:plates?|placas?|tablilla)"

# In this order: the more specific first. The name stands in the text in place of what was masked.
_FINDERS: list[tuple[str, Callable[[str], Spans]]] = [
    ("email", _pattern(rf"(?<![\w.+-])[\w.+-]+{_AT}[\w-]+(?:{_DOT}[\w-]+)+")),
    ("email", _pattern(r"(?<![\w.+-])[\w.+-]+ at [\w-]+(?: dot [\w-]+)+")),
    ("email", _pattern(rf"(?<![\w.+-])[\w.+-]+ at {_MAILS}(?:\.[a-z]{{2,3}})+")),
    ("curp", _pattern(rf"[A-Z]{{4}}[ -]?\d{{6}}[ -]?[HMX][A-Z]{{5}}[ -]?[A-Z\d]\d{_END}")),
    # Mexico's clave de elector, then its RFC: both begin with letters of the name and the date of birth.
    ("id", _pattern(rf"{_START}[A-Z]{{6}} ?{_BORN} ?\d{{2}} ?[HM] ?\d{{3}}{_END}")),
    ("id", _pattern(rf"{_START}[A-ZÑ&]{{4}}[ -]?{_BORN}[ -]?(?=[A-Z\d]*\d)[A-Z\d]{{3}}(?![^\W_])")),
    # Honduras's identity number and Guatemala's DPI.
    ("id", _pattern(rf"(?<!\d)\d{{4}}[ -](?:19|20)\d{{2}}[ -]\d{{5}}{_END}")),
    ("id", _pattern(rf"(?<!\d)\d{{4}}[ -]\d{{5}}[ -]\d{{4}}{_END}")),
    ("a-number", _pattern(rf"{_START}A[ #:-]{{0,3}}\d{{2,3}}[ -]?\d{{3}}[ -]?\d{{3}}{_END}")),
    (
        "a-number",
        _pattern(
            rf"\b(?:alien(?: registration)?|registro de extranjero|uscis|a[ -]number|a ?#){_LABEL}"
            rf"(?P<id>\d[\d -]{{6,10}}\d){_END}",
            _is_identifier,
        ),
    ),
    ("passport", _pattern(rf"\b(?:passport|pasaporte){_LABEL}(?P<id>[A-Z]{{0,3}}[ -]?\d{{5,10}}){_END}")),
    ("passport", _pattern(rf"{_START}[A-Z]\d{{8}}{_END}")),
    (
        "id",
        _pattern(
            rf"\b(?:consular|matr[ií]cula|licencia|license|licence|dl|dui|c[eé]dula|ine|"
            rf"identidad|dni|dpi|cui|rfc|clave de elector){_LABEL}"
            rf"(?P<id>[A-Z]{{0,3}}\d[\d -]{{5,12}}\d{_END}|(?:[A-Z]{{2,4}}[ -])?[A-Z]{{2,6}}\d{{3,}}[A-Z\d]*)",
            _is_identifier,
        ),
    ),
    # Washington's driver licences. Apart from the letters, a word without a digit is none.
    ("id", _pattern(rf"{_START}WDL(?:[A-Z\d]{{9}}|[ -](?=[A-Z]*\d)[A-Z\d]{{9}})(?![^\W_])")),
    ("ssn", _pattern(rf"(?<!\d)\d{{3}}{_DASH}\d{{2}}{_DASH}\d{{4}}{_END}")),
    ("ssn", _pattern(rf"\b(?:ssn|social|seguro social|seguro|itin|tax id){_LABEL}(?P<id>\d(?:[ .-]?\d){{8}}){_END}")),
    ("card", _cards),
    ("phone", _phones),
    (
        "plate",
        _pattern(
            rf"{_PLATE}{_LABEL}(?<![^\W_])(?!(?:en|in|on|at|de|of|for)\s)"
            r"(?P<id>[A-Z0-9]{1,4}[ -]?[A-Z0-9]{2,5}\b(?:[ -]\d{1,4}\b|-[A-Z0-9]{1,4}\b)?)",
            _has_digit,
        ),
    ),
    # Words between the label and the plate: then letters and digits have to be one word, or the letters be capitals.
    (
        "plate",
        _pattern(
            rf"{_PLATE}(?:\s+[^\W\d_]+){{1,5}}:?\s+(?!\d+(?:st|nd|rd|th|am|pm)\b)"
            r"(?P<id>[A-Z]{2,4}-?\d{2,5}[A-Z]?(?:-\d{1,4})?\b|\d{1,4}-?[A-Z]{2,4}-?\d{0,4}\b"
            r"|(?-i:[A-Z]{2,4}) \d{2,5}\b)"
        ),
    ),
    ("number", _pattern(r"(?:(?<![^\W_])[A-Z]{1,2})?\d{7,}")),
]
_MASKED = re.compile("|".join(rf"\[{name}\]" for name in dict.fromkeys(name for name, _ in _FINDERS)))


def mask(text: str) -> str:
    """`text` with each identifier replaced by its kind in brackets, such as "[phone]"."""
    for name, find in _FINDERS:
        for start, end in sorted(set(find(text)), reverse=True):
            # Spans come last first, so the ones before stay valid; one inside another already masked is skipped.
            if not _MASKED.search(text[start:end]):
                text = f"{text[:start]}[{name}]{text[end:]}"
    return text
