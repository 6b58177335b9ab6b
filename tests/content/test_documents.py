"""Published texts are cut into the right sentences, and a translation is shown only while its original stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_content import Content, section

from bot.content.documents import fold, load_document, load_translation, split_sentences
from bot.content.library import Library, load
from bot.content.yamlfile import ContentError


@pytest.mark.parametrize(
    ("line", "sentences"),
    [
        ("One thing. Another thing.", ["One thing.", "Another thing."]),
        ("Is it so? Yes. No.", ["Is it so?", "Yes.", "No."]),
        ("the July 22 U.S. Immigration stop. It was filmed.", ["the July 22 U.S. Immigration stop.", "It was filmed."]),
        ("He was arrested Aug. 20, and charged. We wait.", ["He was arrested Aug. 20, and charged.", "We wait."]),
        ("parts of Kansas City, Mo., most hit. It works.", ["parts of Kansas City, Mo., most hit.", "It works."]),
        ("1. Is physically arrested; or", ["1. Is physically arrested; or"]),
        ("- a. All enforcement needs approval.", ["- a. All enforcement needs approval."]),
        ("III. Policy:", ["III. Policy:"]),
        ("  • Document any change.  Document why; and", ["• Document any change.", "Document why; and"]),
        ("(Policy 2.70).  Further inquiries end.", ["(Policy 2.70).", "Further inquiries end."]),
        ("Statute 67.307 applies. $25,000 is paid.", ["Statute 67.307 applies.", "$25,000 is paid."]),
        ("It says, “Only they may.” We are bound.", ["It says, “Only they may.”", "We are bound."]),
        ("They knew. “We help,” he said.", ["They knew.", "“We help,” he said."]),
        ("Kent Police Community Project", ["Kent Police Community Project"]),
        ("one\u00a0thing.  Two  things.", ["one thing.", "Two things."]),
        ("", []),
        (" \u00a0 ", []),
    ],
)
def test_sentences_are_split(line: str, sentences: list[str]) -> None:
    assert split_sentences(line) == sentences


def test_no_sentence_of_the_real_texts_is_cut_in_the_middle(real: Library) -> None:
    """An abbreviation in front of a cut would show here: each sentence starts as one and loses no word."""
    seen = 0
    for department in real.departments.values():
        for document in department.documents.values():
            for part in document.sections.values():
                seen += len(part.sentences)
                assert fold(" ".join(part.sentences)) == part.text
                for sentence in part.sentences:
                    assert not sentence.endswith((" U.S.", " Aug.", " Mo.", " St.", " Mr."))
                    assert sentence[0].isupper() or not sentence[0].isalpha(), sentence
    assert seen > 150


LINES = ["Heading", "", "One  thing.\u00a0Two things. Three", "Last."]


@pytest.mark.parametrize(
    ("quote", "touched"),
    [
        ("Heading", [0]),
        ("One thing.", [1]),
        ("thing. Two", [1, 2]),
        ("Two\u00a0things.  Three", [2, 3]),
        ("Heading One thing. Two things. Three Last.", [0, 1, 2, 3, 4]),
        ("e", [0]),
        ("absent", []),
        ("one thing.", []),  # a quote is verbatim: the case counts
    ],
)
def test_a_quote_touches_the_sentences_that_it_overlaps(quote: str, touched: list[int]) -> None:
    assert section("anchor", *LINES).touched(quote) == touched


def test_two_equal_sentences_are_told_apart() -> None:
    assert section("anchor", "It is so. We go. It is so.").touched("We go. It is so.") == [1, 2]


def test_a_hash_changes_with_a_word_and_not_with_white_space() -> None:
    original = section("anchor", "One thing. Two things.")
    assert section("anchor", "One\u00a0thing.", "", " Two  things.").hash == original.hash
    assert section("anchor", "One thing. Two thing.").hash != original.hash


def test_a_document_has_its_sections_with_their_lines(content: Content) -> None:
    document = load_document(content.path("policies/rules.md"))
    assert document.id == "rules"
    assert {anchor: part.line for anchor, part in document.sections.items()} == {
        "asking": content.line("policies/rules.md", '<a id="asking">'),
        "speaking": content.line("policies/rules.md", '<a id="speaking">'),
    }
    assert document.sections["speaking"].sentences == ("Every officer speaks Spanish.",)


@pytest.mark.parametrize(
    ("old", "new", "message", "start"),
    [
        ("---\ntitle", "title", "needs a front matter between two lines of `---`", "title"),
        ('<a id="asking"></a>', 'Hello\n<a id="asking"></a>', "text before the first section", "Hello"),
        ('"speaking"></a>', '"asking"></a>', "anchor 'asking' is there twice", None),
        ('<a id="speaking"></a>', "", "section 'speaking' has no anchor in the text", "speaking:"),
        ("  speaking: {en: Speaking, es: Idiomas}\n", "", "section 'speaking' has no title", '<a id="speaking">'),
        ("language: en\n", "", "language: Field required", "title"),
        ("published: 2020-01-02", "published: soon", "published: Input should be a valid date", "published"),
        ("url: null", "url: null\nsecret: 1", "secret: Extra inputs are not permitted", "secret"),
        ("title: Rules", "title: [Rules", "not valid YAML", None),
        ("reason: A heading.", "reason: ''", "uncited.0.reason: String should have at least 1", "{sentence"),
    ],
)
def test_a_broken_document_says_where(content: Content, old: str, new: str, message: str, start: str | None) -> None:
    content.replace("policies/rules.md", old, new)
    with pytest.raises(ContentError) as caught:
        load_document(content.path("policies/rules.md"))
    found = [problem for problem in caught.value.problems if message in problem.message]
    assert found, str(caught.value)
    if start:
        assert found[0].line == content.line("policies/rules.md", start)


def test_a_translation_is_shown_sentence_by_sentence(content: Content) -> None:
    document = load(content.root).departments["small-town"].documents["rules"]
    assert document.translate("asking", "Victims are never asked.", "es") == ("A las víctimas, nunca.", "unreviewed")
    both = document.translate("asking", "for a felony. Victims", "es")
    assert both == ("Los agentes no preguntan, salvo arresto por delito grave. A las víctimas, nunca.", "unreviewed")
    assert document.translate("asking", "Victims are never asked.", "fr") is None


def test_a_stale_translation_is_withheld_and_reported_but_served_on(content: Content) -> None:
    content.replace("policies/rules.md", "Every officer speaks", "Each officer speaks")
    content.replace("answers/language.yml", "Every officer speaks", "Each officer speaks")
    content.accept()
    (problem,) = content.problems()
    assert problem.stale
    assert problem.path == content.path("policies/rules.es.md")
    assert problem.line == content.line("policies/rules.es.md", '<a id="speaking">')
    library = load(content.root)
    assert library.stale == (problem,)
    document = library.departments["small-town"].documents["rules"]
    assert document.sections["speaking"].hash in problem.message
    assert document.translate("speaking", "Each officer speaks Spanish.", "es") is None
    assert document.translate("asking", "Victims are never asked.", "es") is not None


@pytest.mark.parametrize(
    ("old", "new", "message", "start"),
    [
        ("Reglas\n", "", "3 lines for 4 sentences of the original", '<a id="asking">'),
        ("Reglas\n", "Reglas\nOtra\n", "5 lines for 4 sentences of the original", '<a id="asking">'),
        ('<a id="speaking"></a>', '<a id="other"></a>', "the original has no section 'other'", '<a id="other">'),
        ('<a id="speaking"></a>\nCada agente habla español.', "", "section 'speaking' is not translated", "---"),
        ("status: unreviewed", "status: done", "status: Input should be 'official', 'reviewed' or", "status"),
    ],
)
def test_a_broken_translation_says_where(content: Content, old: str, new: str, message: str, start: str) -> None:
    content.replace("policies/rules.es.md", old, new)
    found = [problem for problem in content.problems() if message in problem.message]
    assert [(problem.path.name, problem.line) for problem in found] == [
        ("rules.es.md", content.line("policies/rules.es.md", start))
    ]


def test_a_translation_of_no_document_is_reported(content: Content) -> None:
    content.path("policies/rules.es.md").rename(content.path("policies/laws.es.md"))
    assert [str(problem) for problem in content.problems()] == [
        f"{content.path('policies/laws.es.md')}:1: there is no document 'laws' that loads"
    ]


def test_a_translation_loads_with_its_status(content: Content) -> None:
    content.replace("policies/rules.es.md", "status: unreviewed", "status: official")
    loaded, problems = load_translation(
        content.path("policies/rules.es.md"), load_document(content.path("policies/rules.md"))
    )
    assert (loaded.status, problems, loaded.stale) == ("official", [], ())


def test_windows_line_ends_change_nothing(content: Content) -> None:
    path: Path = content.path("policies/rules.md")
    before = load_document(path).sections
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert load_document(path).sections == before
