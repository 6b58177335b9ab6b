"""What must be true of a department's profile, and of the registry of topics that every department shares."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator, Mapping

from bot.content import check, check_documents
from bot.content.check import Parts
from bot.content.colors import DARK_PAPER, ENOUGH, LIGHT_PAPER, contrast, ink_on
from bot.content.documents import Document, fold
from bot.content.models import Contact, Department, Language, Topic
from bot.content.yamlfile import Problem, YamlFile


def department(parts: Parts, topics: Mapping[str, Topic], languages: Mapping[str, Language]) -> list[Problem]:
    """Everything wrong with one department: its profile, its published texts, its answers and what it lacks."""
    problems = check.answers(parts, topics, languages) + check_documents.documents(parts)
    if parts.profile and parts.profile_file:
        problems += _profile(parts.profile, parts.profile_file, languages)
        problems += _widget(parts, parts.profile, parts.profile_file, languages)
        problems += _contacts(parts.profile, parts.profile_file, parts.documents, languages)
    problems += [
        Problem(parts.folder / "answers", 1, f"{parts.folder.name} has no answer for {topic!r}")
        for topic, entry in topics.items()
        if entry.everywhere and topic not in parts.written
    ]
    return problems


def registry(file: YamlFile, topics: Mapping[str, Topic], languages: Mapping[str, Language]) -> list[Problem]:
    """Everything wrong with data/topics.yml, which is `file`."""
    return [
        problem
        for topic, entry in topics.items()
        for part, text in (("label", entry.label), ("example", entry.example))
        for problem in _localized(file, text, languages, "topics", topic, part)
    ]


def _localized(
    file: YamlFile, text: Mapping[str, str], languages: Mapping[str, Language], *location: str | int
) -> Iterator[Problem]:
    """A text that residents read is there in each required language, and in none that isn't served."""
    for language, entry in languages.items():
        if entry.completeness == "required" and language not in text:
            yield file.problem(f"no {location[-1]} in {language!r}", *location)
    for language in text.keys() - languages.keys():
        yield file.problem(f"language {language!r} is not in data/languages.yml", *location, language)


def _profile(profile: Department, file: YamlFile, languages: Mapping[str, Language]) -> Iterator[Problem]:
    for part, text in (("name", profile.name), ("short_name", profile.short_name), ("place", profile.place)):
        yield from _localized(file, text, languages, part)
    for index, language in enumerate(profile.languages):
        if language not in languages:
            yield file.problem(f"language {language!r} is not in data/languages.yml", "languages", index)
    if profile.default_language not in profile.languages:
        yield file.problem(f"{profile.default_language!r} is not one of its languages", "default_language")
    try:
        zoneinfo.ZoneInfo(profile.time_zone)
    except (OSError, ValueError, zoneinfo.ZoneInfoNotFoundError):  # a folder ("America"), "../x", an unknown name
        yield file.problem(f"there is no time zone {profile.time_zone!r}", "time_zone")


def _widget(parts: Parts, profile: Department, file: YamlFile, languages: Mapping[str, Language]) -> Iterator[Problem]:
    theme = profile.theme
    for name, color, papers in (
        ("accent", theme.accent, LIGHT_PAPER),
        ("accent_dark", theme.accent_dark, DARK_PAPER),
    ):
        worst = min((*papers, ink_on(color)), key=lambda other: contrast(color, other))
        if (ratio := contrast(color, worst)) < ENOUGH:
            yield file.problem(f"{color} has a contrast of {ratio:.1f} with {worst}; it needs {ENOUGH}", "theme", name)
    if theme.logo and not (parts.folder / theme.logo).is_file():
        yield file.problem(f"there is no file {theme.logo!r} in {parts.folder.name}", "theme", "logo")
    if profile.greeting is not None:
        yield from _localized(file, profile.greeting, languages, "greeting")
    for index, topic in enumerate(profile.first_topics):
        if topic not in parts.written:
            yield file.problem(f"{parts.folder.name} has no answer for {topic!r}", "first_topics", index)


def _contacts(
    profile: Department, file: YamlFile, documents: Mapping[str, Document], languages: Mapping[str, Language]
) -> Iterator[Problem]:
    for index, contact in enumerate(profile.contacts):
        yield from _localized(file, contact.label, languages, "contacts", index, "label")
        if contact.id in {other.id for other in profile.contacts[:index]}:
            yield file.problem(f"there are two contacts {contact.id!r}", "contacts", index)
        if message := _wrong_source(contact, documents):
            yield file.problem(message, "contacts", index, "source")


def _wrong_source(contact: Contact, documents: Mapping[str, Document]) -> str | None:
    if contact.source is None:
        return None
    document = documents.get(contact.source.document)
    if document is None:
        return f"there is no document {contact.source.document!r}"
    section = document.sections.get(contact.source.section)
    if section is None:
        return f"document {document.id!r} has no section {contact.source.section!r}"
    if contact.confirmed and fold(contact.value or "") not in section.text:
        return f"{contact.value!r} is not in {document.id}#{section.anchor}"
    return None
