"""Every check of the content: broken in one place, it names the file, the line and what is wrong."""

from __future__ import annotations

import shutil

import pytest
import yaml
from small_content import ASKING, Content

from bot.content.documents import load_document
from bot.content.library import inspect, load
from bot.content.written_from import accept
from bot.content.yamlfile import ContentError
from bot.settings import ROOT

A = "answers/asking.yml"
B = "answers/language.yml"
DOC = "policies/rules.md"
QUOTE = "quote: Every officer speaks Spanish."


def test_the_small_content_and_the_real_content_have_no_problem(content: Content) -> None:
    assert content.problems() == []
    assert inspect(ROOT / "data")[1] == []


@pytest.mark.parametrize(
    ("file", "old", "new", "message", "start"),
    [
        # the shape of a file
        (A, "enabled: true\n", "", "enabled: Field required", "topic"),
        (A, "enabled: true\n", "enabled: true\nnote: x\n", "note: Extra inputs are not permitted", "note"),
        (A, "reviewed_by: null", "reviewed_by: Ana", "`reviewed_by` and `reviewed_on` go together", "topic"),
        (A, "enabled: true\n", "enabled: true\nsilent: true\n", "either has citations or is `silent: true`", "topic"),
        (A, "  contact: chief\n", "", "a step with `do: contact`, and no other, names its `contact`", "do: contact"),
        (A, "- do: topic\n", "- do: wait\n", "next_steps.0.do: Input should be 'call-911'", "do: wait"),
        (B, "  - en language question one\n", '  - ""\n', "variants.en.0: String should have at least 1", '""'),
        (B, "topic: language\n", "topic: tongues\n", "topic must be the file's name, 'language'", "topic"),
        ("department.yml", "id: small-town", "id: big-town", "id must be the folder's name, 'small-town'", "id"),
        ("department.yml", '"(555) 010-0000"', "null", "a confirmed contact needs a value", "id: chief"),
        ("department.yml", "kind: phone", "kind: fax", "contacts.0.kind: Input should be 'phone', 'email'", "kind"),
        ("languages.yml", "ltr, completeness: required, openings: [and], references: [it]}", "up}", "direction", "en:"),
        ("topics.yml", "label: {en: Languages", "label: {en: Languages that we all speak", "at most 24", "language:"),
        # the registries
        ("topics.yml", "  language:\n", "  tongues:\n", "topic 'language' is not in data/topics.yml", "topic"),
        (
            "topics.yml",
            "label: {en: Languages, es: Idiomas}",
            "label: {en: Languages}",
            "no label in 'es'",
            "label: {en: L",
        ),
        (
            "topics.yml",
            "es: ¿Hablan español?",
            "fr: Oui",
            "language 'fr' is not in data/languages.yml",
            "example: {en: D",
        ),
        # the profile
        ("department.yml", ", es: Policía de Small Town", "", "no name in 'es'", "name"),
        ("department.yml", "place: {en: Small Town,", "place: {", "no place in 'en'", "place"),
        ("department.yml", "label: {en: Chief, es: Jefe}", "label: {en: Chief}", "no label in 'es'", "label"),
        ("department.yml", "languages: [en, es]", "languages: [en, es, fr]", "language 'fr' is not in", "languages"),
        (
            "department.yml",
            "default_language: en",
            "default_language: fr",
            "'fr' is not one of its languages",
            "default",
        ),
        (
            "department.yml",
            "America/Chicago",
            "America/Small_Town",
            "there is no time zone 'America/Small",
            "time_zone",
        ),
        ("department.yml", "America/Chicago", "America", "there is no time zone 'America'", "time_zone"),
        ("department.yml", "America/Chicago", "../Chicago", "there is no time zone '../Chicago'", "time_zone"),
        ("department.yml", "document: rules", "document: laws", "there is no document 'laws'", "source"),
        ("department.yml", "section: asking", "section: none", "document 'rules' has no section 'none'", "source"),
        ("department.yml", "(555) 010-0000", "(555) 010-0001", "'(555) 010-0001' is not in rules#asking", "source"),
        # languages
        (B, "  es: Sí.\n", "", "no answer in 'es'", "answer"),
        (B, "en: Yes.", "en: " + "word " * 91, "91 words in 'en': at most 90", "en: word"),
        (B, "  - es language question eight\n", "", "fewer than 8 variants in 'es'", "es:\n"),
        (A, "    es: Después de un arresto.\n", "", "exception without a text in 'es'", "text:"),
        (
            A,
            "    es: Después de un arresto.\n",
            "    es: Sí.\n    fr: Oui.\n",
            "language 'fr' is not in data",
            "fr: Oui",
        ),
        # citations
        (B, "document: rules", "document: laws", "there is no document 'laws'", "document"),
        (B, "section: speaking", "section: singing", "document 'rules' has no section 'singing'", "document"),
        (B, QUOTE, "quote: Every officer spoke Spanish.", "is not, word for word, in rules#speaking", "document"),
        (B, QUOTE, "quote: every officer speaks Spanish.", "is not, word for word, in rules#speaking", "document"),
        (B, "section: speaking", "section: asking", "in rules#asking; it is in section 'speaking'", "document"),
        # next steps
        (A, "topic: language\n", "topic: absent\n", "'absent' is not another topic of this department", "do: topic"),
        (A, "  topic: language\n", "  topic: asking\n", "'asking' is not another topic", "do: topic"),
        (A, "contact: chief\n", "contact: mayor\n", "department.yml has no contact 'mayor'", "do: contact"),
        # variants
        (B, "en language question one", "¡En asking, QUESTION one?", "variant is also in 'asking'", "¡En"),
        (B, "es language question one", "és lánguage question two", "variant is also in 'language'", "es language q"),
        (B, "en language question one", '"?!"', "variant without a letter", '"?!"'),
    ],
)
def test_one_mistake_in_a_file(content: Content, file: str, old: str, new: str, message: str, start: str) -> None:
    content.replace(file, old, new)
    target = B if "is not in data/topics.yml" in message else file
    if message == "variant is also in 'language'":
        start = "es language question two"  # the second of the two is the one reported
    found = [problem for problem in content.problems() if message in problem.message]
    assert [(problem.path, problem.line) for problem in found] == [(content.path(target), content.line(target, start))]
    with pytest.raises(ContentError):
        load(content.root)


@pytest.mark.parametrize("part", ["answer", "variants"])
def test_an_unknown_language_names_its_line(content: Content, part: str) -> None:
    data = yaml.safe_load(content.path(B).read_text(encoding="utf-8"))
    data[part]["fr"] = "Oui." if part == "answer" else [f"question {number}" for number in "abcdefgh"]
    content.write(B, yaml.safe_dump(data, allow_unicode=True, sort_keys=False))
    found = [problem for problem in content.problems() if "'fr' is not in data/languages.yml" in problem.message]
    assert [problem.line for problem in found] == [content.line(B, "fr:")]


def test_an_unknown_language_is_reported(content: Content) -> None:
    content.replace(B, "es: Sí.", "es: Sí.\n  fr: Oui.")
    assert [problem.message for problem in content.problems()] == ["language 'fr' is not in data/languages.yml"]


def test_a_rule_cited_without_its_exception(content: Content) -> None:
    data = {**ASKING, "exceptions": []}
    content.write(A, yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=200))
    content.accept()
    (problem,) = content.problems()
    assert problem.path == content.path(A)
    assert problem.message == (
        "cites a rule with an exception that it leaves out: “unless a person was arrested for a felony”"
    )


def test_a_rule_that_is_cited_in_part_needs_its_exception_too(content: Content) -> None:
    content.replace(B, "citations:\n", "citations:\n- {document: rules, section: asking, quote: shall not ask}\n")
    found = [problem for problem in content.problems() if "an exception that it leaves out" in problem.message]
    assert [problem.path for problem in found] == [content.path(B)]


def test_an_exception_in_another_document(content: Content) -> None:
    """The limit of a rule may stand in another text; an answer has to carry it all the same."""
    other = content.path(DOC).read_text(encoding="utf-8").replace("unless a person was arrested for a felony", "ever")
    head, _, body = other.partition("conditions:\n")
    content.write("policies/laws.md", head + body[body.index("uncited:") :])
    content.replace(
        DOC,
        "      - unless a person was arrested for a felony\n",
        "      - {document: laws, quote: Officers shall not ask about status ever}\n",
    )
    messages = [problem.message for problem in content.problems()]
    assert "cites a rule with an exception that it leaves out: “Officers shall not ask about status ever”" in messages
    assert not any("condition that is not in the text" in message for message in messages)


@pytest.mark.parametrize(
    ("old", "new", "start"),
    [
        ("rule: Officers shall not ask", "rule: Officers must not ask", "rule"),
        ("- unless a person was arrested for a felony", "- unless a person was arrested for a crime", "unless"),
        ("- unless a person was arrested for a felony", "- {document: laws, quote: anything}", "{document"),
        ("- unless a person was arrested for a felony", "- {document: rules, quote: anything}", "{document"),
    ],
)
def test_a_condition_that_the_text_does_not_have(content: Content, old: str, new: str, start: str) -> None:
    content.replace(DOC, old, new)
    found = [problem for problem in content.problems() if "condition that is not in the text" in problem.message]
    assert [(problem.path, problem.line) for problem in found] == [(content.path(DOC), content.line(DOC, start))]


def test_rules_with_exceptions_have_to_be_right_again_when_one_answer_is(content: Content) -> None:
    content.replace(B, "section: speaking", "section: asking")
    content.replace(B, QUOTE, "quote: Victims are never asked.")
    content.accept()
    content.replace(DOC, "Officers shall not ask about status unless", "Officers must not ask about status unless")

    def waits() -> list[bool]:
        return [problem.stale for problem in content.problems() if "condition that is not in" in problem.message]

    assert waits() == [True], "both answers are withheld"
    content.replace(A, "Officers shall not", "Officers must not")
    accept(content.path(A), {"rules": load_document(content.path(DOC))})
    assert waits() == [False], "one is served again, and would be without its exceptions"


def test_a_section_without_a_title_in_its_own_language(content: Content) -> None:
    content.replace(DOC, "asking: {en: Asking, es: Preguntas}", "asking: {es: Preguntas}")
    assert [problem.message for problem in content.problems()] == ["no title in 'en', the text's language"]


def test_a_department_is_called_something(content: Content) -> None:
    content.replace("department.yml", "also_called: [small town]", "also_called: []")
    assert any("also_called" in problem.message for problem in content.problems())


def test_a_sentence_that_no_topic_cites(content: Content) -> None:
    content.replace(DOC, "Every officer speaks Spanish.", "Every officer speaks Spanish. Most speak English.")
    content.accept()
    found = [(problem.path, problem.line, problem.message) for problem in content.problems() if not problem.stale]
    line = content.line(DOC, '<a id="speaking">')
    assert found == [(content.path(DOC), line, "no topic cites, in section 'speaking': “Most speak English.”")]


def test_a_sentence_may_be_excused_with_a_reason(content: Content) -> None:
    content.replace(DOC, "  - {sentence: Rules of the town, reason: A heading.}\n", "")
    content.replace(DOC, "uncited:", "uncited: []")
    assert [problem.message for problem in content.problems()] == [
        "no topic cites, in section 'asking': “Rules of the town”"
    ]


def test_a_topic_that_every_department_needs(content: Content) -> None:
    content.replace("topics.yml", "  language:\n", "  other:\n    everywhere: true\n")
    folder = content.path("answers")
    assert f"{folder}:1: small-town has no answer for 'other'" in [str(problem) for problem in content.problems()]


def test_a_department_without_a_document_lacks_its_topics_too(content: Content) -> None:
    for name in ("policies/rules.md", "policies/rules.es.md", A, B):
        content.path(name).unlink()
    content.replace("department.yml", "source: {document: rules, section: asking}", "source: null")
    assert [str(problem) for problem in content.problems()] == [
        f"{content.path('answers')}:1: small-town has no answer for 'asking'"
    ]


def test_an_unconfirmed_contact_may_wait_for_its_value(content: Content) -> None:
    content.replace("department.yml", '"(555) 010-0000"', "null")
    content.replace("department.yml", "confirmed: true", "confirmed: false")
    assert content.problems() == []


def test_a_contact_is_there_once(content: Content) -> None:
    contact = content.path("department.yml").read_text(encoding="utf-8").partition("contacts:\n")[2]
    content.replace("department.yml", "contacts:\n", f"contacts:\n{contact}")
    assert [problem.message for problem in content.problems()] == ["there are two contacts 'chief'"]


def test_an_excuse_for_no_sentence(content: Content) -> None:
    content.replace(DOC, "uncited:\n", "uncited:\n  - {sentence: Gone for good, reason: Not there.}\n")
    (problem,) = content.problems()
    assert problem.line == content.line(DOC, "{sentence: Gone")
    assert problem.message == "no sentence of the text begins “Gone for good”"


def test_all_errors_of_all_files_at_once(content: Content) -> None:
    content.replace("topics.yml", "matters: low", "matters: somewhat")
    content.replace("department.yml", "contacts:", "fax: 1\ncontacts:")
    content.replace(DOC, "language: en\n", "")
    content.replace(A, "enabled: true\n", "")
    content.replace(B, "enabled: true\n", "enabled: perhaps\nother: 1\n")
    problems = content.problems()
    assert {problem.path.name for problem in problems} == {
        "topics.yml",
        "department.yml",
        "rules.md",
        "rules.es.md",
        "asking.yml",
        "language.yml",
    }
    assert len([problem for problem in problems if problem.path.name == "language.yml"]) == 2
    with pytest.raises(ContentError) as caught:
        load(content.root)
    assert list(caught.value.problems) == problems


def test_a_broken_profile_does_not_hide_the_other_files(content: Content) -> None:
    content.replace("department.yml", "contacts:", "fax: 1\ncontacts:")
    content.replace(A, "enabled: true\n", "")
    assert {problem.path.name for problem in content.problems()} == {"department.yml", "asking.yml"}


def test_an_unreadable_registry_is_reported(content: Content) -> None:
    content.write("languages.yml", "languages: [")
    (problem,) = content.problems()
    assert problem.path == content.path("languages.yml")
    content.path("languages.yml").unlink()
    assert content.problems()[0].message == "there is no such file"


@pytest.mark.parametrize("name", ["languages", "topics"])
@pytest.mark.parametrize(
    "text", ["- en\n", "{name}: [en, es]\n", "just words\n", "", "other: {{en: 1}}\n", "{name}: {{}}\n"]
)
def test_a_registry_of_another_shape_is_reported(content: Content, name: str, text: str) -> None:
    content.write(f"{name}.yml", text.format(name=name))
    (problem,) = content.problems()
    assert (problem.path, problem.line) == (content.path(f"{name}.yml"), 1)
    assert f"needs `{name}:`" in problem.message
    with pytest.raises(ContentError):
        load(content.root)


def test_both_registries_are_reported_at_once(content: Content) -> None:
    content.write("languages.yml", "languages: [")
    content.path("topics.yml").unlink()
    assert {problem.path.name for problem in content.problems()} == {"languages.yml", "topics.yml"}


def test_a_content_without_departments_is_reported(content: Content) -> None:
    shutil.rmtree(content.root / "faq")
    (problem,) = content.problems()
    assert problem.path == content.root / "faq"
    assert "there is no department" in problem.message


def test_a_topic_that_is_switched_off_loads(content: Content) -> None:
    content.replace(A, "enabled: true", "enabled: false")
    assert load(content.root).departments["small-town"].answers["asking"].enabled is False


def test_a_silent_answer_cites_nothing(content: Content) -> None:
    content.replace(B, "citations:\n- document: rules\n  section: speaking\n  " + QUOTE + "\n", "silent: true\n")
    content.accept()
    assert [problem.message for problem in content.problems()] == [
        "no topic cites, in section 'speaking': “Every officer speaks Spanish.”"
    ]


def test_one_department_alone(content: Content) -> None:
    content.replace(A, "enabled: true\n", "")
    assert inspect(content.root, "small-town")[1] == content.problems()
    assert inspect(content.root, "another")[0].departments == {}


def test_the_version_follows_every_content_file(content: Content) -> None:
    versions = {content.library().version}
    for name in ("topics.yml", "languages.yml", "department.yml", DOC, "policies/rules.es.md", A):
        content.write(name, content.path(name).read_text(encoding="utf-8") + "\n")
        versions.add(content.library().version)
    assert len(versions) == 7
    content.write("answers/notes.txt", "not content")
    assert content.library().version in versions
