"""The shapes of the content files; docs/content.md explains each field to those who write them."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Localized = dict[str, Text]
"""A text by language code: {"en": …, "es": …}."""

TranslationStatus = Literal["official", "reviewed", "unreviewed"]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Questions(_Model):
    """The words of a language by which two questions in one message are told apart."""

    begin: list[Text] = []
    """How a question begins: "can", "how"."""
    joined_by: list[Text] = []
    """What joins a question to the one before it: "and", "also"."""
    asked_by: list[Text] = []
    """What stands before a question that is asked about: "I want to know"."""
    indirect: list[Text] = []
    """How such a one begins beside `begin`: "if"."""
    other: list[Text] = []
    """What names a question that was not answered yet: "the other one"."""


class Language(_Model):
    """A language that is served."""

    name: Text
    direction: Literal["ltr", "rtl"]
    completeness: Literal["required", "usable"]
    openings: list[Text]
    """How messages begin that go on from the one before."""
    references: list[Text]
    """Words that stand for something that was said before."""
    questions: Questions = Questions()
    whatsapp: Text | None = None
    """What Meta calls it in templates, where it has another code for it or several: `pt_BR`."""


class Topic(_Model):
    """An entry of data/topics.yml."""

    covers: Text
    matters: Literal["high", "medium", "low"]
    everywhere: bool = False
    label: dict[str, Annotated[str, StringConstraints(min_length=1, max_length=24)]]
    example: Localized


class CitationRef(_Model):
    """Where an answer's words stand: a verbatim quote from one section of one document of the department."""

    document: Text
    section: Text
    quote: Text


class ExceptionEntry(_Model):
    """A condition of the source that limits the answer."""

    text: Localized
    citation: CitationRef


class NextStep(_Model):
    """What the resident can do next."""

    do: Literal["call-911", "person", "topic", "contact"]
    topic: str | None = None
    contact: str | None = None

    @model_validator(mode="after")
    def _names_its_target(self) -> NextStep:
        for kind in ("topic", "contact"):
            if (self.do == kind) != (getattr(self, kind) is not None):
                raise ValueError(f"a step with `do: {kind}`, and no other, names its `{kind}`")
        return self


class Answer(_Model):
    """A curated answer to one topic for one department, in every language."""

    topic: Text
    enabled: bool
    silent: bool = False
    reviewed_by: str | None
    reviewed_on: dt.date | None
    answer: Localized
    citations: list[CitationRef] = []
    exceptions: list[ExceptionEntry] = []
    next_steps: list[NextStep] = []
    written_from: dict[str, str] = {}
    """Hashes of the sections that it was written from; `enlace content accept` writes them."""
    variants: dict[str, list[Text]]

    @model_validator(mode="after")
    def _cites_or_is_silent(self) -> Answer:
        if self.silent == bool(self.citations or self.exceptions):
            raise ValueError("an answer either has citations or is `silent: true`, and then it cites nothing")
        if (self.reviewed_by is None) != (self.reviewed_on is None):
            raise ValueError("`reviewed_by` and `reviewed_on` go together")
        return self


def citations_of(answer: Answer) -> list[tuple[CitationRef, tuple[str | int, ...]]]:
    """Every citation of an answer, its exceptions' included, with its location in the file."""
    own: list[tuple[CitationRef, tuple[str | int, ...]]] = [
        (citation, ("citations", index)) for index, citation in enumerate(answer.citations)
    ]
    return own + [(entry.citation, ("exceptions", index)) for index, entry in enumerate(answer.exceptions)]


class ContactSource(_Model):
    """The section of the published text that gives a contact."""

    document: Text
    section: Text


class Contact(_Model):
    """A phone number, an address or a link; never shown unless confirmed."""

    id: Text
    kind: Literal["phone", "email", "link", "address"]
    value: str | None
    label: Localized
    confirmed: bool
    source: ContactSource | None

    @model_validator(mode="after")
    def _confirmed_has_a_value(self) -> Contact:
        if self.confirmed and not self.value:
            raise ValueError("a confirmed contact needs a value")
        return self


Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)
Hours = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$")]
"""A stretch of a day: "09:00-12:30"."""


Color = Annotated[str, StringConstraints(pattern=r"^#[0-9a-f]{6}$")]
Origin = Annotated[str, StringConstraints(pattern=r"^https?://[a-z0-9.-]+(:\d+)?$")]
"""A site: scheme, host and port, nothing behind."""


class Theme(_Model):
    """How the department's chat looks. `enlace content check` measures the contrast of both accents."""

    accent: Color = "#14532d"
    """Of buttons and links, on light paper; the button on the department's own page has it, too."""
    accent_dark: Color = "#7bc796"
    """The same on dark paper."""
    logo: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+\.(svg|png|webp)$")] | None = None
    """A file in the department's folder."""
    position: Literal["left", "right"] = "right"
    """Where the button stands on the department's own page."""


class Department(_Model):
    """A department's profile."""

    id: Text
    name: Localized
    short_name: Localized
    place: Localized
    also_called: Annotated[list[Text], Field(min_length=1)]
    """Names by which residents call it or its place."""
    time_zone: Text
    languages: list[str]
    default_language: str
    contacts: list[Contact] = []
    hours: dict[Weekday, list[Hours]] | None = None
    """When liaisons are there, by weekday, in the department's own time; None until it says so."""
    holidays: list[dt.date] = []
    """Days on which they are not, whatever the weekday."""
    theme: Theme = Theme()
    greeting: Localized | None = None
    """What the chat says first; None: Enlace's own greeting."""
    first_topics: list[str] = []
    """Topics to choose from below it; none named: bot/messages.py, FIRST_TOPICS."""
    sites: list[Origin] = []
    """Whose pages may show the chat in a frame."""

    @field_validator("hours")
    @classmethod
    def _in_order(cls, hours: dict[Weekday, list[str]] | None) -> dict[Weekday, list[str]] | None:
        for weekday, ranges in (hours or {}).items():
            ends = [moment for each in ranges for moment in each.split("-")]
            if ends != sorted(set(ends)):
                raise ValueError(
                    f"{weekday}: each range ends after it begins, and the next begins after that: {ranges}"
                )
        return hours


class ConditionElsewhere(_Model):
    """A limit that stands in another document of the same department."""

    document: Text
    quote: Text


class Condition(_Model):
    """A rule of a document and the parts of the text that limit it."""

    rule: Text
    exceptions: list[Text | ConditionElsewhere] = Field(min_length=1)

    def limits(self, document: str) -> list[tuple[str, str]]:
        """Each exception as the document that it stands in and its words; `document` is the condition's own."""
        return [
            (each.document, each.quote) if isinstance(each, ConditionElsewhere) else (document, each)
            for each in self.exceptions
        ]


class Uncited(_Model):
    """A sentence that no topic needs to cite, and why."""

    sentence: Text
    reason: Text


class DocumentHead(_Model):
    """The front matter of a published text."""

    title: Text
    source: Text
    publisher: str | None
    language: Text
    published: dt.date | None
    effective: dt.date | None
    retrieved: dt.date | None
    url: str | None
    note: Localized | None
    sections: dict[str, Localized]
    conditions: list[Condition] = []
    uncited: list[Uncited] = []


class TranslationHead(_Model):
    """The front matter of a translation."""

    status: TranslationStatus
    reviewed_by: str | None
    hashes: dict[str, str]
