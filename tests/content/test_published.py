"""The real content is the departments' own words, word for word, and all of it is there in each language."""

from __future__ import annotations

from pathlib import Path

import pytest
from real_content import real

from bot.content.check import MAX_WORDS, MIN_VARIANTS, citations_of
from bot.content.coverage import coverage
from bot.content.documents import Document, fold
from bot.content.library import Library
from bot.settings import ROOT

REAL = real()
PUBLISHED = ROOT / "tests" / "fixtures" / "published"
HANDED_OVER = ROOT.parent / "shared" / "policies"
"""The files as they were handed over, where they are at hand."""

# The text of each published file: its documents, in order, with their sections (None: all of them). Two files carry the
# same post of July 24; the second copy has neither its date and title nor the line on comments.
POST = ["role", "law", "incident", "outreach", "review", "closing"]
FILES: dict[str, list[tuple[str, list[str] | None]]] = {
    "000_184446508ee3cef9.txt": [("community-engagement", None)],
    "001_c833ad5ce33fc7c3.txt": [("ice-stop-2019", None), ("homicide-reward-2019", None)],
    "002_b5877ab4b80003f7.txt": [("immigration-enforcement", None)],
    "003_66d4209b766cea67.txt": [("community-policing", None)],
    "004_0ee57b3ecdcf7c31.txt": [("immigrant-victims-2019", None), ("ice-stop-2019", POST)],
}
DOCUMENTS = {
    document.id: document for department in REAL.departments.values() for document in department.documents.values()
}


def body(document: Document, anchors: list[str] | None) -> str:
    """The sections' bodies put together, white space folded."""
    return fold(
        " ".join(part.body for anchor, part in document.sections.items() if anchors is None or anchor in anchors)
    )


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("folder", [PUBLISHED, HANDED_OVER], ids=["fixture", "handed-over"])
def test_the_documents_are_the_published_text_word_for_word(folder: Path, name: str) -> None:
    if not folder.exists():
        pytest.skip("the folder is not at hand")
    ours = " ".join(body(DOCUMENTS[document], anchors) for document, anchors in FILES[name])
    assert ours == fold((folder / name).read_text(encoding="utf-8"))


def test_every_document_and_every_published_file_is_compared() -> None:
    assert {name for parts in FILES.values() for name, _ in parts} == DOCUMENTS.keys()
    assert {path.name for path in PUBLISHED.iterdir()} == FILES.keys()
    for name, document in DOCUMENTS.items():
        assert name in {document for document, _ in FILES[document.head.source]}


@pytest.mark.parametrize("department", REAL.departments)
def test_every_quote_is_in_the_published_file(department: str) -> None:
    published = {name: fold((PUBLISHED / name).read_text(encoding="utf-8")) for name in FILES}
    content = REAL.departments[department]
    for topic, answer in content.answers.items():
        for citation, location in citations_of(answer):
            source = content.document_of(citation).head.source
            assert fold(citation.quote) in published[source], (topic, location)


@pytest.mark.parametrize("department", REAL.departments)
def test_an_answer_is_complete_and_short_in_each_required_language(department: str) -> None:
    assert (MAX_WORDS, MIN_VARIANTS) == (90, 8)
    required = [code for code, language in REAL.languages.items() if language.completeness == "required"]
    assert required == ["en", "es"]
    for topic, answer in REAL.departments[department].answers.items():
        for language in required:
            assert 0 < len(answer.answer[language].split()) <= 90, topic
            assert len(set(answer.variants[language])) >= 8, topic
            for exception in answer.exceptions:
                assert exception.text[language], topic


def test_the_four_departments_are_there_with_every_topic_that_each_needs(real: Library) -> None:
    assert list(real.departments) == ["kansas-city-mo", "kent-wa", "los-angeles-county-ca", "roeland-park-ks"]
    everywhere = {topic for topic, entry in real.topics.items() if entry.everywhere}
    assert everywhere >= {
        "report-danger-now",
        "report-not-urgent",
        "report-anonymous",
        "report-in-spanish",
        "report-as-witness",
        "what-is-asked",
        "reach-liaison",
    }
    for department in real.departments.values():
        assert everywhere <= department.answers.keys()
        assert len(set(department.profile.languages) & {"en", "es"}) == 2


def test_a_label_fits_on_a_button_in_every_language(real: Library) -> None:
    for topic, entry in real.topics.items():
        assert real.languages.keys() <= entry.label.keys(), topic
        assert real.languages.keys() <= entry.example.keys(), topic
        for language, label in entry.label.items():
            assert 0 < len(label) <= 24, (topic, language, label)
    for language in real.languages:
        labels = [entry.label[language] for entry in real.topics.values()]
        assert len(set(labels)) == len(labels)


def test_no_text_is_in_two_documents_of_a_department(real: Library) -> None:
    """A quote stands in one place, so that its citation and its translation are certain."""
    for department in real.departments.values():
        seen: dict[str, str] = {}
        for document in department.documents.values():
            for part in document.sections.values():
                for sentence in part.sentences:
                    if len(sentence.split()) > 5:
                        assert seen.setdefault(sentence, document.id) == document.id


CONTACTS = [
    (name, contact.id)
    for name, department in REAL.departments.items()
    for contact in department.profile.contacts
    if contact.confirmed
]


@pytest.mark.parametrize(("department", "contact_id"), CONTACTS)
def test_a_confirmed_contact_stands_in_the_published_text(department: str, contact_id: str) -> None:
    content = REAL.departments[department]
    (contact,) = [entry for entry in content.profile.contacts if entry.id == contact_id]
    assert contact.source
    assert contact.value
    assert contact.value in content.documents[contact.source.document].sections[contact.source.section].text


def test_nothing_is_marked_as_reviewed_that_nobody_has_reviewed(real: Library) -> None:
    for department in real.departments.values():
        assert {answer.reviewed_by for answer in department.answers.values()} == {None}
        for document in department.documents.values():
            assert {entry.status for entry in document.translations.values()} == {"unreviewed"}


def test_the_coverage_is_complete(real: Library) -> None:
    rows = coverage(real)
    assert [(row.department, row.language) for row in rows] == [
        (department, language) for department in real.departments for language in ("en", "es")
    ]
    for row in rows:
        assert row.topics == row.usable == row.complete == len(real.departments[row.department].answers)
        assert row.translated == row.sections > 0
        assert row.variants >= 8 * row.topics
        assert 0 <= row.silent < row.topics
        assert row.reviewed == 0


def test_the_coverage_counts_what_is_missing(real: Library) -> None:
    """A row falls by one for an answer, an exception, a variant or a section that a language lacks."""
    name = "kent-wa"
    department = real.departments[name]
    answer = department.answers["what-is-asked"]
    assert answer.exceptions

    def row(**changes: object) -> tuple[int, int, int]:
        answers = {**department.answers, answer.topic: answer.model_copy(update=changes)}
        replaced = type(department)(department.profile, department.documents, answers)
        library = Library(real.languages, real.topics, {name: replaced}, "changed")
        (found,) = [entry for entry in coverage(library) if entry.language == "es"]
        return len(answers) - found.usable, len(answers) - found.complete, found.silent

    silent = sum(entry.silent for entry in department.answers.values())
    assert row() == (0, 0, silent)
    assert row(answer={"en": "No."}) == (1, 1, silent)
    assert row(variants={**answer.variants, "es": answer.variants["es"][:7]}) == (0, 1, silent)
    bare = answer.exceptions[0].model_copy(update={"text": {"en": "Except."}})
    assert row(exceptions=[bare, *answer.exceptions[1:]]) == (0, 1, silent)
    assert row(silent=True) == (0, 0, silent + 1)
