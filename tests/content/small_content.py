"""A small valid content folder that a test can break in one place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from bot.content.documents import Section, load_document, split_sentences
from bot.content.library import Library, inspect
from bot.content.written_from import accept
from bot.content.yamlfile import Problem

LANGUAGES = """\
languages:
  en: {name: English, direction: ltr, completeness: required, openings: [and], references: [it]}
  es: {name: Español, direction: ltr, completeness: required, openings: [y], references: [eso]}
"""
TOPICS = """\
topics:
  asking:
    covers: What is asked.
    matters: high
    everywhere: true
    label: {en: What is asked, es: Qué preguntan}
    example: {en: What do you ask?, es: ¿Qué preguntan?}
  language:
    covers: Which languages are spoken.
    matters: low
    label: {en: Languages, es: Idiomas}
    example: {en: Do you speak Spanish?, es: ¿Hablan español?}
"""
DEPARTMENT = """\
id: small-town
name: {en: Small Town Police, es: Policía de Small Town}
short_name: {en: Small Town, es: Small Town}
place: {en: Small Town, es: Small Town}
also_called: [small town]
time_zone: America/Chicago
languages: [en, es]
default_language: en
contacts:
  - id: chief
    kind: phone
    value: "(555) 010-0000"
    label: {en: Chief, es: Jefe}
    confirmed: true
    source: {document: rules, section: asking}
"""
DOCUMENT = """\
---
title: Rules
source: rules.txt
publisher: Small Town Police
language: en
published: 2020-01-02
effective: null
retrieved: null
url: null
note: null
sections:
  asking: {en: Asking, es: Preguntas}
  speaking: {en: Speaking, es: Idiomas}
conditions:
  - rule: Officers shall not ask about status
    exceptions:
      - unless a person was arrested for a felony
uncited:
  - {sentence: Rules of the town, reason: A heading.}
---
<a id="asking"></a>
Rules of the town

Officers shall not ask about status unless a person was arrested for a felony. Victims are never asked.
Call (555) 010-0000.
<a id="speaking"></a>
Every officer speaks Spanish.
"""
SENTENCES = {
    "asking": [
        "Rules of the town",
        "Officers shall not ask about status unless a person was arrested for a felony.",
        "Victims are never asked.",
        "Call (555) 010-0000.",
    ],
    "speaking": ["Every officer speaks Spanish."],
}
TRANSLATED = {
    "asking": [
        "Reglas",
        "Los agentes no preguntan, salvo arresto por delito grave.",
        "A las víctimas, nunca.",
        "Llame al (555) 010-0000.",
    ],
    "speaking": ["Cada agente habla español."],
}


def variants(topic: str) -> dict[str, list[str]]:
    """Eight questions a language that no other topic has."""
    numbers = ["one", "two", "three", "four", "five", "six", "seven", "eight"]
    return {code: [f"{code} {topic} question {number}" for number in numbers] for code in ("en", "es")}


ASKING = {
    "topic": "asking",
    "enabled": True,
    "reviewed_by": None,
    "reviewed_on": None,
    "answer": {"en": "No, with an exception.", "es": "No, con una excepción."},
    "citations": [{"document": "rules", "section": "asking", "quote": " ".join(SENTENCES["asking"][1:])}],
    "exceptions": [
        {
            "text": {"en": "After an arrest.", "es": "Después de un arresto."},
            "citation": {
                "document": "rules",
                "section": "asking",
                "quote": "unless a person was arrested for a felony",
            },
        }
    ],
    "next_steps": [{"do": "topic", "topic": "language"}, {"do": "contact", "contact": "chief"}],
    "variants": variants("asking"),
}
LANGUAGE = {
    "topic": "language",
    "enabled": True,
    "reviewed_by": None,
    "reviewed_on": None,
    "answer": {"en": "Yes.", "es": "Sí."},
    "citations": [{"document": "rules", "section": "speaking", "quote": "Every officer speaks Spanish."}],
    "variants": variants("language"),
}


def section(anchor: str, *lines: str) -> Section:
    """A section as the loader makes it."""
    return Section(anchor, 1, "\n".join(lines), tuple(part for line in lines for part in split_sentences(line)))


def translation() -> str:
    """The Spanish text of the document, with the hashes of its sections."""
    bodies = {
        "asking": section("asking", SENTENCES["asking"][0], "", " ".join(SENTENCES["asking"][1:])),
        "speaking": section("speaking", *SENTENCES["speaking"]),
    }
    head = {
        "status": "unreviewed",
        "reviewed_by": None,
        "hashes": {anchor: body.hash for anchor, body in bodies.items()},
    }
    parts = [f'<a id="{anchor}"></a>\n' + "\n".join(lines) for anchor, lines in TRANSLATED.items()]
    return f"---\n{yaml.safe_dump(head)}---\n" + "\n\n".join(parts) + "\n"


@dataclass
class Content:
    """A content folder that a test edits; files are named below the department's folder or the root."""

    root: Path

    def path(self, name: str) -> Path:
        """The file `name`: "answers/asking.yml", "department.yml", "topics.yml", …"""
        below = self.root / "faq" / "small-town" / name
        return self.root / name if name in {"topics.yml", "languages.yml"} else below

    def write(self, name: str, text: str) -> None:
        """Write a file."""
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        self.path(name).write_text(text, encoding="utf-8")

    def replace(self, name: str, old: str, new: str) -> None:
        """Change the one place where `old` stands."""
        text = self.path(name).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        self.write(name, text.replace(old, new))

    def line(self, name: str, start: str) -> int:
        """The number of the first line that, but for indentation and the dash of a list, starts with `start`."""
        for number, line in enumerate(self.path(name).read_text(encoding="utf-8").split("\n"), start=1):
            if f"{line.strip().removeprefix('- ')}\n".startswith(start):
                return number
        raise AssertionError(f"no line of {name} starts with {start!r}")

    def accept(self) -> None:
        """Record that every answer was written from the documents as they stand."""
        paths = [path for path in self.path("policies").glob("*.md") if "." not in path.stem]
        documents = {path.stem: load_document(path) for path in paths}
        for path in self.path("answers").glob("*.yml"):
            accept(path, documents)

    def problems(self) -> list[Problem]:
        """All that is wrong."""
        return inspect(self.root)[1]

    def library(self) -> Library:
        """What loads."""
        return inspect(self.root)[0]


@pytest.fixture
def content(tmp_path: Path) -> Content:
    """A valid content folder: one department, small-town, one document, its translation, and the topics `asking`, whose
    rule has an exception, and `language`.
    """
    made = Content(tmp_path / "data")
    made.root.mkdir()
    for name, text in {
        "languages.yml": LANGUAGES,
        "topics.yml": TOPICS,
        "department.yml": DEPARTMENT,
        "policies/rules.md": DOCUMENT,
        "policies/rules.es.md": translation(),
        "answers/asking.yml": yaml.safe_dump(ASKING, allow_unicode=True, sort_keys=False, width=200),
        "answers/language.yml": yaml.safe_dump(LANGUAGE, allow_unicode=True, sort_keys=False, width=200),
    }.items():
        made.write(name, text)
    made.accept()
    return made
