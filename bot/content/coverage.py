"""How much of each department's content is there, language by language."""

from __future__ import annotations

from dataclasses import dataclass

from bot.content.check import MIN_VARIANTS
from bot.content.library import Library


@dataclass(frozen=True)
class Coverage:
    """One row of the table: a department in a language."""

    department: str
    language: str
    topics: int
    """Topics the department has, silent ones included."""
    silent: int
    usable: int
    """Topics with an answer in this language."""
    complete: int
    """Topics with an answer, all its exceptions and enough variants in this language."""
    variants: int
    reviewed: int
    sections: int
    translated: int
    """Sections with a current translation into this language (all, in the language of publication)."""


def coverage(library: Library) -> list[Coverage]:
    """A row for each department and language, in the registry's order."""
    rows = []
    for name, department in library.departments.items():
        answers = list(department.answers.values())
        sections = [(document, anchor) for document in department.documents.values() for anchor in document.sections]
        for language in library.languages:
            usable = [answer for answer in answers if language in answer.answer]
            complete = [
                answer
                for answer in usable
                if all(language in entry.text for entry in answer.exceptions)
                and len(answer.variants.get(language, [])) >= MIN_VARIANTS
            ]
            translated = [
                anchor
                for document, anchor in sections
                if language == document.head.language
                or (language in document.translations and anchor in document.translations[language].sections)
            ]
            rows.append(
                Coverage(
                    department=name,
                    language=language,
                    topics=len(answers),
                    silent=sum(answer.silent for answer in answers),
                    usable=len(usable),
                    complete=len(complete),
                    variants=sum(len(answer.variants.get(language, [])) for answer in answers),
                    reviewed=sum(answer.reviewed_by is not None for answer in answers),
                    sections=len(sections),
                    translated=len(translated),
                )
            )
    return rows
