"""What must be true of one department's content beyond the shape of its files."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping

from bot.content.documents import Document, Section, fold
from bot.content.models import Answer, CitationRef, ConditionElsewhere, Department, Language, Topic
from bot.content.yamlfile import Problem, YamlFile

MAX_WORDS = 90
MIN_VARIANTS = 8


def plain(text: str) -> str:
    """`text` without accents, case and punctuation: how two question variants are compared."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return fold(re.sub(r"[^\w\s]", " ", "".join(char for char in decomposed if not unicodedata.combining(char))))


def citations_of(answer: Answer) -> list[tuple[CitationRef, tuple[str | int, ...]]]:
    """Every citation of an answer, its exceptions' included, with its location in the file."""
    own: list[tuple[CitationRef, tuple[str | int, ...]]] = [
        (citation, ("citations", index)) for index, citation in enumerate(answer.citations)
    ]
    return own + [(entry.citation, ("exceptions", index)) for index, entry in enumerate(answer.exceptions)]


def department(
    profile: Department,
    documents: Mapping[str, Document],
    answers: Mapping[str, Answer],
    files: Mapping[str, YamlFile],
    topics: Mapping[str, Topic],
    languages: Mapping[str, Language],
) -> list[Problem]:
    """Everything wrong with one department; `files` has the answers' files by topic."""
    problems: list[Problem] = []
    for topic, answer in answers.items():
        file = files[topic]
        if topic not in topics:
            problems.append(file.problem(f"topic {topic!r} is not in data/topics.yml", "topic"))
        problems += _languages(answer, file, languages)
        resolved = True
        for citation, location in citations_of(answer):
            if message := _unresolved(citation, documents):
                resolved = False
                problems.append(file.problem(message, *location))
        if resolved:
            problems += _exceptions(answer, file, documents)
        problems += _next_steps(answer, file, answers, profile)
    problems += _variants(answers, files)
    problems += _missing_topics(profile, answers, topics, documents)
    for document in documents.values():
        problems += _conditions_resolve(document, documents)
        problems += _uncited(document, answers)
    return problems


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
    for part in (answer.answer, answer.variants):
        for language in part.keys() - languages.keys():
            yield file.problem(f"language {language!r} is not in data/languages.yml", language)


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
            for exception in condition.exceptions:
                other, quote = (
                    (exception.document, exception.quote)
                    if isinstance(exception, ConditionElsewhere)
                    else (document.id, exception)
                )
                if other in documents and not _cites(entries, other, quote, documents):
                    yield file.problem(f"cites a rule with an exception that it leaves out: “{quote}”", "exceptions")


def _next_steps(
    answer: Answer, file: YamlFile, answers: Mapping[str, Answer], profile: Department
) -> Iterator[Problem]:
    contacts = {contact.id for contact in profile.contacts}
    for index, step in enumerate(answer.next_steps):
        if step.topic is not None and (step.topic not in answers or step.topic == answer.topic):
            yield file.problem(f"{step.topic!r} is not another topic of this department", "next_steps", index)
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


def _missing_topics(
    profile: Department,
    answers: Mapping[str, Answer],
    topics: Mapping[str, Topic],
    documents: Mapping[str, Document],
) -> Iterator[Problem]:
    folder = next(iter(documents.values())).path.parent.parent if documents else None
    for topic, entry in topics.items():
        if entry.everywhere and topic not in answers and folder:
            yield Problem(folder / "answers", 1, f"{profile.id} has no answer for {topic!r}")


def _conditions_resolve(document: Document, documents: Mapping[str, Document]) -> Iterator[Problem]:
    def found(text: str, sections: Mapping[str, Section]) -> bool:
        return any(fold(text) in section.text for section in sections.values())

    for condition in document.head.conditions:
        for text in (condition.rule, *condition.exceptions):
            if isinstance(text, ConditionElsewhere):
                if text.document in documents and found(text.quote, documents[text.document].sections):
                    continue
            elif found(text, document.sections):
                continue
            yield Problem(document.path, 1, f"condition that is not in the text: {text}")


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
