"""What must be true of a department's published texts, and of what their front matter says about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from bot.content.check import Parts
from bot.content.documents import Document, fold
from bot.content.models import Answer, ConditionElsewhere, citations_of
from bot.content.yamlfile import Problem


def documents(parts: Parts) -> list[Problem]:
    """Everything wrong with the published texts of one department."""
    problems: list[Problem] = []
    changed = set().union(*parts.stale.values())
    accepted = {
        place
        for topic, answer in parts.answers.items()
        for place in answer.written_from
        if place not in parts.stale[topic]
    }
    for document in parts.documents.values():
        # What the front matter says of a text that has changed waits, as its answers do, for somebody to look.
        places = {place for place in changed if place.startswith(f"{document.id}#")}
        stale = bool(places)
        # An answer that somebody has looked at since is served: then the rules with exceptions have to be right again,
        # or it could do without its exceptions.
        waits = stale and not places & accepted
        problems += [replace(problem, stale=waits) for problem in _conditions(document, parts.documents)]
        problems += [replace(problem, stale=stale) for problem in _excuses(document)]
        problems += _titles(document)
        if parts.written == parts.answers.keys():  # else what an answer that doesn't load cites would seem uncited
            problems += [replace(problem, stale=stale) for problem in _uncited(document, parts.answers)]
    return problems


def _has(document: Document | None, text: str) -> bool:
    return document is not None and any(fold(text) in section.text for section in document.sections.values())


def _conditions(document: Document, others: Mapping[str, Document]) -> Iterator[Problem]:
    for index, condition in enumerate(document.head.conditions):
        if not _has(document, condition.rule):
            yield document.problem(
                f"condition that is not in the text: “{condition.rule}”", "conditions", index, "rule"
            )
        for number, exception in enumerate(condition.exceptions):
            location = ("conditions", index, "exceptions", number)
            if isinstance(exception, ConditionElsewhere):
                if not _has(others.get(exception.document), exception.quote):
                    yield document.problem(
                        f"condition that is not in the text of {exception.document!r}: “{exception.quote}”", *location
                    )
            elif not _has(document, exception):
                yield document.problem(f"condition that is not in the text: “{exception}”", *location)


def _titles(document: Document) -> Iterator[Problem]:
    """Every source that is shown names its section: in the resident's language, or else in the text's own."""
    for anchor, titles in document.head.sections.items():
        if document.head.language not in titles:
            yield document.problem(f"no title in {document.head.language!r}, the text's language", "sections", anchor)


def _excuses(document: Document) -> Iterator[Problem]:
    """An excuse for a sentence that is gone would, one day, excuse another."""
    sentences = [sentence for section in document.sections.values() for sentence in section.sentences]
    for index, entry in enumerate(document.head.uncited):
        if not any(sentence.startswith(fold(entry.sentence)) for sentence in sentences):
            yield document.problem(f"no sentence of the text begins “{entry.sentence}”", "uncited", index)


def _uncited(document: Document, answers: Mapping[str, Answer]) -> Iterator[Problem]:
    """Every sentence of a published text is cited by a topic, or is listed as not needing it, with the reason."""
    cited = {
        (citation.section, index)
        for answer in answers.values()
        for citation, _ in citations_of(answer)
        if citation.document == document.id and citation.section in document.sections
        for index in document.sections[citation.section].touched(citation.quote)
    }
    excused = [fold(entry.sentence) for entry in document.head.uncited]
    for anchor, section in document.sections.items():
        for index, sentence in enumerate(section.sentences):
            if (anchor, index) not in cited and not any(sentence.startswith(opening) for opening in excused):
                yield Problem(document.path, section.line, f"no topic cites, in section {anchor!r}: “{sentence[:90]}”")
