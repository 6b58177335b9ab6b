"""What must be true of a department's answers beyond the shape of their files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bot.content import written_from
from bot.content.documents import Document, fold
from bot.content.models import (
    Answer,
    CitationRef,
    Department,
    Language,
    Topic,
    citations_of,
)
from bot.content.plain import plain
from bot.content.yamlfile import Problem, YamlFile

MAX_WORDS = 90
MIN_VARIANTS = 8


@dataclass(frozen=True)
class Parts:
    """One department as far as it loads, and its files, to name the lines."""

    folder: Path
    profile: Department | None
    profile_file: YamlFile | None
    documents: Mapping[str, Document]
    answers: Mapping[str, Answer]
    files: Mapping[str, YamlFile]
    """The answers' files by topic."""

    @cached_property
    def stale(self) -> Mapping[str, set[str]]:
        """For each topic, what of its `written_from` has changed since: while there is anything, it is withheld."""
        return {topic: written_from.changed(answer, self.documents) for topic, answer in self.answers.items()}

    @property
    def written(self) -> set[str]:
        """The topics that have a file, whether it loads or not."""
        return {path.stem for path in (self.folder / "answers").glob("*.yml")} | self.answers.keys()


def answers(parts: Parts, topics: Mapping[str, Topic], languages: Mapping[str, Language]) -> list[Problem]:
    """Everything wrong with the answers of one department."""
    problems: list[Problem] = []
    for topic, answer in parts.answers.items():
        file = parts.files[topic]
        if topic not in topics:
            problems.append(file.problem(f"topic {topic!r} is not in data/topics.yml", "topic"))
        problems += _languages(answer, file, languages)
        stale = parts.stale[topic]
        problems += _written_from(answer, file, parts.documents, stale)
        resolved = True
        for citation, location in citations_of(answer):
            if message := _unresolved(citation, parts.documents):
                resolved = False
                # Where the text has changed, a quote that is gone is no mistake of whoever wrote the answer.
                changed = f"{citation.document}#{citation.section}" in stale
                problems.append(file.problem(message, *location, stale=changed))
        if resolved:
            problems += _exceptions(answer, file, parts.documents)
        problems += _next_steps(answer, file, parts)
    problems += _variants(parts.answers, parts.files)
    return problems


def _written_from(
    answer: Answer, file: YamlFile, documents: Mapping[str, Document], stale: set[str]
) -> Iterator[Problem]:
    now = written_from.current(answer, documents)
    if now.keys() != answer.written_from.keys():
        yield file.problem(
            f"`written_from` names {sorted(answer.written_from)}, the answer cites {sorted(now)}: run "
            f"`enlace content accept {file.path.parent.parent.name} {answer.topic}`",
            "written_from",
        )
    for place in sorted(stale):
        yield file.problem(
            f"the published text of {place} has changed since this was written, so the answer is withheld: look at "
            f"it, then run `enlace content accept {file.path.parent.parent.name} {answer.topic}`",
            "written_from",
            place,
            stale=True,
        )


def _languages(answer: Answer, file: YamlFile, languages: Mapping[str, Language]) -> Iterator[Problem]:
    for language, entry in languages.items():
        if entry.completeness == "required" or language in answer.answer:
            words = len(answer.answer.get(language, "").split())
            if not words:
                yield file.problem(f"no answer in {language!r}", "answer")
            if words > MAX_WORDS:
                yield file.problem(f"{words} words in {language!r}: at most {MAX_WORDS}", "answer", language)
            if len(answer.variants.get(language, [])) < MIN_VARIANTS:
                yield file.problem(f"fewer than {MIN_VARIANTS} variants in {language!r}", "variants", language)
            for index, exception in enumerate(answer.exceptions):
                if language not in exception.text:
                    yield file.problem(f"exception without a text in {language!r}", "exceptions", index)
    texts: list[tuple[tuple[str | int, ...], Mapping[str, object]]] = [
        (("answer",), answer.answer),
        (("variants",), answer.variants),
        *((("exceptions", index, "text"), entry.text) for index, entry in enumerate(answer.exceptions)),
    ]
    for location, text in texts:
        for language in text.keys() - languages.keys():
            yield file.problem(f"language {language!r} is not in data/languages.yml", *location, language)


def _unresolved(citation: CitationRef, documents: Mapping[str, Document]) -> str | None:
    document = documents.get(citation.document)
    if document is None:
        return f"there is no document {citation.document!r}"
    section = document.sections.get(citation.section)
    if section is None:
        return f"document {citation.document!r} has no section {citation.section!r}"
    if fold(citation.quote) not in section.text:
        where = [anchor for anchor, other in document.sections.items() if fold(citation.quote) in other.text]
        hint = f"; it is in section {where[0]!r}" if where else ""
        return f"the quote is not, word for word, in {citation.document}#{citation.section}{hint}"
    return None


def _cites(citations: list[CitationRef], document: str, text: str, documents: Mapping[str, Document]) -> bool:
    """Whether one of `citations` quotes `text`, or any part of it, from `document`."""
    for citation in citations:
        if citation.document == document:
            whole, quote = documents[document].sections[citation.section].text, fold(citation.quote)
            start, other = whole.find(quote), whole.find(fold(text))
            if other >= 0 and start < other + len(fold(text)) and other < start + len(quote):
                return True
    return False


def _exceptions(answer: Answer, file: YamlFile, documents: Mapping[str, Document]) -> Iterator[Problem]:
    """A topic that cites a rule carries each exception of it; derived from the document, not from the answer."""
    entries = [entry.citation for entry in answer.exceptions]
    for document in documents.values():
        for condition in document.head.conditions:
            if not _cites(answer.citations, document.id, condition.rule, documents):
                continue
            for other, quote in condition.limits(document.id):
                if other in documents and not _cites(entries, other, quote, documents):
                    yield file.problem(f"cites a rule with an exception that it leaves out: “{quote}”", "exceptions")


def _next_steps(answer: Answer, file: YamlFile, parts: Parts) -> Iterator[Problem]:
    for index, step in enumerate(answer.next_steps):
        if step.topic is not None and (step.topic not in parts.written or step.topic == answer.topic):
            yield file.problem(f"{step.topic!r} is not another topic of this department", "next_steps", index)
        contacts = {contact.id for contact in parts.profile.contacts} if parts.profile else {step.contact}
        if step.contact is not None and step.contact not in contacts:
            yield file.problem(f"department.yml has no contact {step.contact!r}", "next_steps", index)


def _variants(answers: Mapping[str, Answer], files: Mapping[str, YamlFile]) -> Iterator[Problem]:
    """No question is in two topics, or twice in one: search could not tell which one is meant."""
    seen: dict[tuple[str, str], str] = {}
    for topic, answer in answers.items():
        for language, variants in answer.variants.items():
            for index, variant in enumerate(variants):
                key = (language, plain(variant))
                if not key[1]:
                    yield files[topic].problem("variant without a letter", "variants", language, index)
                elif key in seen:
                    yield files[topic].problem(
                        f"variant is also in {seen[key]!r}: {variant!r}", "variants", language, index
                    )
                seen[key] = topic
