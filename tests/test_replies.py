"""What the resident reads: every real answer in both languages, with its exceptions and the published words."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest
from real_content import real

from bot.content.documents import fold
from bot.content.library import DepartmentContent, Library
from bot.content.models import Contact, NextStep
from bot.i18n import Catalogs
from bot.messages import NO_ANSWER, QUESTIONS, SAFETY, SMALLTALK
from bot.rendering.answers import first_sentences
from bot.rendering.renderer import Renderer
from bot.replies import GUIDE, NO, PERSON, YES, Form, HandoffOffer, Reader, Reply, Say, topic_choice
from bot.settings import ROOT

REAL = real()
LANGUAGES = ["en", "es"]
OFFER = HandoffOffer(
    readers=[Reader(name="Ana", title="liaison", sworn=False), Reader(name="Ben", title="sergeant", sworn=True)],
    summary="¿Preguntan?",
)
PUBLISHED: dict[str, str] = {
    path.name: fold(path.read_text(encoding="utf-8")) for path in (ROOT / "tests" / "fixtures" / "published").iterdir()
}
TOPICS = [
    pytest.param(department, topic, language, id=f"{department}-{topic}-{language}")
    for department, content in REAL.departments.items()
    for topic, answer in content.answers.items()
    if answer.enabled
    for language in LANGUAGES
]
DEPARTMENTS = list(REAL.departments)
KANSAS_CITY, ROELAND_PARK = "kansas-city-mo", "roeland-park-ks"


@pytest.fixture(scope="module")
def catalogs() -> Catalogs:
    """The catalogs that are served."""
    return Catalogs(ROOT / "locales", REAL.languages)


@pytest.fixture(scope="module")
def renderer(catalogs: Catalogs) -> Renderer:
    """Says things out of the real content."""
    return Renderer(REAL, catalogs)


def answer(renderer: Renderer, department: str, topic: str, language: str) -> Reply:
    """The reply that answers a topic."""
    return renderer.render([Say(say="answer", topic=topic, confidence=0.9)], department, language)


@pytest.mark.parametrize(("department", "topic", "language"), TOPICS)
def test_every_topic_is_answered_in_every_language(
    renderer: Renderer, department: str, topic: str, language: str
) -> None:
    content = REAL.departments[department]
    curated = content.answers[topic]
    reply = answer(renderer, department, topic, language)
    assert reply.kind == ("no_answer" if curated.silent else "answer")
    assert (reply.department, reply.topic, reply.language, reply.confidence) == (department, topic, language, 0.9)
    assert reply.reviewed is False
    assert reply.text.startswith(curated.answer[language])
    for exception in curated.exceptions:
        assert exception.text[language] in reply.text
    assert bool(reply.citations) != curated.silent
    for citation in reply.citations:
        document = content.documents[citation.document]
        assert citation.quote in PUBLISHED[document.head.source]
        assert citation.title == document.head.title
        assert citation.section_title == document.head.sections[citation.section][language]
        if language == "es":
            assert citation.translation
            assert citation.translation != citation.quote
            assert citation.translation_status == "unreviewed"
        else:
            assert citation.translation is None
            assert citation.translation_status is None
    # Each quote is shown once, and one of each exception is among them.
    shown = [(citation.document, citation.section, citation.quote) for citation in reply.citations]
    assert len(set(shown)) == len(shown)
    for entry in curated.exceptions:
        assert (entry.citation.document, entry.citation.section, fold(entry.citation.quote)) in shown
    # Every button leads somewhere else.
    for choice in reply.choices:
        assert renderer.labels.of(department, language, choice.send) == choice.label
        assert choice.send != topic_choice(topic)
    assert len({choice.send for choice in reply.choices}) == len(reply.choices)
    assert reply.handoff_offered == any(choice.send == PERSON for choice in reply.choices)


@pytest.mark.parametrize("department", DEPARTMENTS)
def test_a_silent_topic_says_so_and_cites_nothing(renderer: Renderer, department: str) -> None:
    for topic, curated in REAL.departments[department].answers.items():
        if curated.silent:
            reply = answer(renderer, department, topic, "es")
            assert (reply.kind, reply.citations, reply.handoff_offered) == ("no_answer", [], True)


@pytest.mark.parametrize(("language", "words"), [("en", "names no department"), ("es", "no nombra a ningún")])
def test_the_note_on_the_los_angeles_source_is_on_each_of_its_citations(
    renderer: Renderer, language: str, words: str
) -> None:
    department = "los-angeles-county-ca"
    seen = 0
    for topic in REAL.departments[department].answers:
        for citation in answer(renderer, department, topic, language).citations:
            seen += 1
            assert words in (citation.note or "")
    assert seen > 15


def test_dates_and_publisher_are_those_of_the_document(renderer: Renderer) -> None:
    citations = {
        citation.document: citation
        for topic in REAL.departments["kansas-city-mo"].answers
        for citation in answer(renderer, "kansas-city-mo", topic, "en").citations
    }
    assert citations["ice-stop-2019"].published == "2019-07-24"
    assert citations["homicide-reward-2019"].published == "2019-07-22"
    assert citations["immigrant-victims-2019"].published is None
    assert {citation.publisher for citation in citations.values()} == {"Kansas City Missouri Police Department"}


# --- Contents that are a little different ------------------------------------------------------------------------


def changed(department: str, topic: str, *, contacts: list[Contact] | None = None, **update: object) -> Library:
    """The real content with one answer changed."""
    content = REAL.departments[department]
    answers = {**content.answers, topic: content.answers[topic].model_copy(update=update)}
    profile = content.profile if contacts is None else content.profile.model_copy(update={"contacts": contacts})
    replaced = DepartmentContent(profile, content.documents, answers)
    return Library(REAL.languages, REAL.topics, {**REAL.departments, department: replaced}, "changed")


@pytest.mark.parametrize("confirmed", [True, False])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_contact_is_shown_only_if_the_department_has_confirmed_it(
    catalogs: Catalogs, language: str, confirmed: bool
) -> None:
    line = Contact(
        id="line",
        kind="phone",
        value="(555) 010-0000",
        label={"en": "Front desk", "es": "Recepción"},
        confirmed=confirmed,
        source=None,
    )
    steps = [NextStep(do="contact", contact="line")]
    library = changed("kent-wa", "what-is-asked", contacts=[line], next_steps=steps)
    reply = answer(Renderer(library, catalogs), "kent-wa", "what-is-asked", language)
    assert ("(555) 010-0000" in reply.model_dump_json()) == confirmed
    assert (line.label[language] in reply.text) == confirmed


def test_an_answer_that_somebody_has_reviewed_says_so(catalogs: Catalogs) -> None:
    library = changed("kent-wa", "what-is-asked", reviewed_by="A. Person", reviewed_on=dt.date(2026, 1, 2))
    assert answer(Renderer(library, catalogs), "kent-wa", "what-is-asked", "en").reviewed is True


def test_a_topic_that_is_switched_off_is_not_offered(catalogs: Catalogs) -> None:
    steps = [NextStep(do="topic", topic="detainers"), NextStep(do="topic", topic="share-with-ice")]
    library = changed("kent-wa", "what-is-asked", next_steps=steps)
    kent = library.departments["kent-wa"]
    kent.answers["detainers"] = kent.answers["detainers"].model_copy(update={"enabled": False})
    reply = answer(Renderer(library, catalogs), "kent-wa", "what-is-asked", "en")
    assert [choice.send for choice in reply.choices] == [topic_choice("share-with-ice")]


def test_a_person_is_offered_without_a_topic_that_is_switched_off(catalogs: Catalogs) -> None:
    renderer = Renderer(changed("kent-wa", "reach-liaison", enabled=False), catalogs)
    offer = HandoffOffer(readers=[], summary="")
    reply = renderer.render([Say(say="handoff", offer=offer)], "kent-wa", "en")
    assert (reply.kind, reply.citations, reply.steps, reply.topic) == ("handoff", [], [], None)


def test_who_wrote_of_danger_is_told_that_it_is_passed_on_and_nobody_else(renderer: Renderer) -> None:
    said = "If you wrote of danger, that a danger was found is passed on, too."
    for danger in (False, True):
        offer = OFFER.model_copy(update={"danger": danger})
        reply = renderer.render([Say(say="handoff", offer=offer)], "kent-wa", "en")
        assert (said in reply.text.split("\n\n")) is danger


def test_danger_has_a_warning_where_the_topic_on_it_is_switched_off(renderer: Renderer) -> None:
    reply = renderer.render([Say(say="emergency")], "kent-wa", "en")
    assert (reply.kind, reply.steps[0].href) == ("emergency", "tel:911")


def test_a_stale_translation_is_not_shown(catalogs: Catalogs) -> None:
    """The original words are."""
    content = REAL.departments["kent-wa"]
    documents = {
        name: type(document)(document.id, document.path, document.head, document.sections)
        for name, document in content.documents.items()
    }
    kent = DepartmentContent(content.profile, documents, content.answers)
    library = Library(REAL.languages, REAL.topics, {"kent-wa": kent}, "changed")
    citations = answer(Renderer(library, catalogs), "kent-wa", "what-is-asked", "es").citations
    assert citations
    assert {(citation.translation, citation.translation_status) for citation in citations} == {(None, None)}


# --- All else that is said ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("say", "kind"),
    [
        *((Say(say="smalltalk", message=message), "smalltalk") for message in SMALLTALK),
        *((Say(say="ask", message=message), "clarify") for message in QUESTIONS),
        (Say(say="clarify", topics=["what-is-asked", "report-anonymous"], confidence=0.5), "clarify"),
        *((Say(say="no_answer", message=message, confidence=0.1), "no_answer") for message in NO_ANSWER),
        (Say(say="handoff", offer=OFFER), "handoff"),
        (Say(say="handoff", offer=OFFER, channel="whatsapp"), "handoff"),
        (Say(say="handoff", offer=HandoffOffer(readers=[], summary="¿Preguntan?")), "handoff"),
    ],
)
def test_everything_that_can_be_said_is_said_in_each_language(renderer: Renderer, say: Say, kind: str) -> None:
    for department, language in itertools.product(DEPARTMENTS, LANGUAGES):
        reply = renderer.render([say], department, language)
        other = renderer.render([say], department, "es" if language == "en" else "en")
        assert (reply.kind, reply.language) == (kind, language)
        assert reply.text
        assert "%(" not in reply.text
        assert reply.text != other.text
        for choice in reply.choices:
            assert renderer.labels.of(department, language, choice.send) == choice.label
        assert [choice.send for choice in reply.choices] == [choice.send for choice in other.choices]
        if kind != "handoff":
            assert reply.citations == []
        if kind in {"no_answer", "handoff"}:
            assert reply.handoff_offered
        if kind == "handoff":
            assert reply.handoff
            assert (reply.handoff.summary in reply.text) is (
                say.get("channel") == "whatsapp"
            )  # there it stands in its field
            assert all(reader.name in reply.text for reader in reply.handoff.readers)


@pytest.mark.parametrize(("channel", "forms"), [("web", ["callback", "code", "withdraw"]), ("whatsapp", ["withdraw"])])
def test_who_waits_can_take_it_back_and_sees_the_published_number(
    renderer: Renderer, channel: str, forms: list[str]
) -> None:
    reply = renderer.render([Say(say="waiting", channel=channel)], "kent-wa", "en")
    assert (reply.kind, reply.handoff, reply.forms, reply.choices) == ("handoff", None, forms, [])
    assert [step.href for step in reply.steps] == ["tel:911", "tel:2538565890"]


@pytest.mark.parametrize("message", SAFETY)
def test_what_is_said_of_danger_is_said_in_each_language_with_a_person(renderer: Renderer, message: str) -> None:
    for department, language in itertools.product(DEPARTMENTS, LANGUAGES):
        reply = renderer.safety(message, department, language)
        other = renderer.safety(message, department, "es" if language == "en" else "en")
        assert "911" in reply.text
        assert ("988" in reply.text) == (message == "self_harm")
        assert reply.text != other.text
        assert reply.handoff_offered
        assert PERSON in [choice.send for choice in reply.choices]
        for choice in reply.choices:
            assert renderer.labels.of(department, language, choice.send) == choice.label


def test_a_threat_and_agents_at_the_door_are_answered_with_the_departments_words(renderer: Renderer) -> None:
    for message, department in itertools.product(("threat_call_ice", "agents_at_door"), DEPARTMENTS):
        reply = renderer.safety(message, department, "es")
        assert reply.topic in SAFETY[message].answers
        curated = REAL.departments[department].answers[reply.topic]
        spoken_of = [REAL.departments[department].answers.get(topic) for topic in SAFETY[message].answers]
        assert bool(reply.citations) == any(each and not each.silent for each in spoken_of)
        assert reply.kind == ("answer" if reply.citations else "emergency")
        assert curated.answer["es"] in reply.text
        assert all(exception.text["es"] in reply.text for exception in curated.exceptions)


# --- An answer said in another way -------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["short", "explained", "source"])
@pytest.mark.parametrize(("department", "topic", "language"), TOPICS)
def test_an_answer_keeps_its_exceptions_however_it_is_said(
    renderer: Renderer, department: str, topic: str, language: str, form: Form
) -> None:
    curated = REAL.departments[department].answers[topic]
    whole = answer(renderer, department, topic, language)
    said = renderer.render([Say(say="answer", topic=topic, confidence=1.0, form=form)], department, language)
    assert said.citations == whole.citations
    assert all(exception.text[language] in said.text for exception in curated.exceptions)
    if form == "short":
        assert len(said.text) <= len(whole.text)
        assert curated.answer[language].startswith(said.text.split("\n\n")[0])
    elif not curated.silent:
        assert all(citation.quote in said.text for citation in whole.citations)
        assert all((citation.translation or "") in said.text for citation in whole.citations)


@pytest.mark.parametrize(
    ("department", "topic", "language", "form", "words"),
    [
        (KANSAS_CITY, "share-with-ice", "en", "short", ["“patently false” that officers would call ICE", "67.307"]),
        (KANSAS_CITY, "share-with-ice", "es", "short", ["«evidentemente falso» que los policías", "67.307"]),
        (KANSAS_CITY, "federal-cooperation", "en", "short", ["does work with ICE (immigration).", "67.307"]),
        (KANSAS_CITY, "federal-cooperation", "es", "limits", ["67.307", "ayudan con regularidad a agencias externas"]),
        (KANSAS_CITY, "federal-cooperation", "en", "limits", ["assist any local, state or federal law enforcement"]),
        (KANSAS_CITY, "hope-city-robberies", "en", "limits", ["67.307", "ask for back-up"]),
        (KANSAS_CITY, "reward-campaign", "es", "short", ["información que lleve a un arresto"]),
        (ROELAND_PARK, "federal-cooperation", "en", "short", ["when a statute, an ordinance, federal law or a court"]),
        (ROELAND_PARK, "federal-cooperation", "es", "limits", ["cuando lo exige una ley, una ordenanza"]),
        (ROELAND_PARK, "ice-assistance", "en", "limits", ["This rule does not apply when a specific threat"]),
        (ROELAND_PARK, "ice-contact-no-warrant", "en", "limits", ["with all of its federal partners"]),
        (ROELAND_PARK, "detainers", "en", "short", ["the Chief or a supervisor decides whether to cooperate"]),
        (ROELAND_PARK, "right-to-report", "es", "short", ["no dice si un reporte le llega a ICE"]),
        (ROELAND_PARK, "victims-witnesses", "en", "short", ["the risk to future cooperation with police"]),
        (ROELAND_PARK, "arrest-for-status", "es", "short", ["no debe detener, arrestar ni encarcelar"]),
        (ROELAND_PARK, "supervisor-approval", "es", "short", ["Toda acción para hacer cumplir la ley"]),
    ],
)
def test_what_is_left_of_an_answer_still_says_what_the_text_denies_and_requires(
    renderer: Renderer, department: str, topic: str, language: str, form: Form, words: list[str]
) -> None:
    said = renderer.render([Say(say="answer", topic=topic, confidence=1.0, form=form)], department, language)
    for each in words:
        assert each in said.text


@pytest.mark.parametrize(
    ("department", "topic", "language", "words"),
    [
        (KANSAS_CITY, "what-is-asked", "en", "do not say whether officers ask for a driver’s license, a passport"),
        (KANSAS_CITY, "what-is-asked", "es", "no dicen si los policías piden una licencia de manejar, un pasaporte"),
        (KANSAS_CITY, "hope-city-robberies", "en", "the department called that “patently false”"),
        (KANSAS_CITY, "hope-city-robberies", "es", "escribió que eso es «evidentemente falso»"),
        (
            KANSAS_CITY,
            "ice-stop-2019",
            "en",
            "very respectfully with the man and, after the arrest, with his family",
        ),
        (KANSAS_CITY, "ice-stop-2019", "es", "con mucho respeto con el hombre y, tras el arresto, con su familia"),
        (KANSAS_CITY, "homicide-tips-numbers", "en", "since the press conference on the reward increase"),
        (KANSAS_CITY, "homicide-tips-numbers", "es", "las pistas, incluidas las de Kansas City, Misuri, pasaron de 39"),
        (KANSAS_CITY, "homicide-reward", "en", "Both tips came in after a press conference on June 21"),
        (KANSAS_CITY, "homicide-reward", "es", "Las dos pistas llegaron después de una conferencia de prensa"),
        (KANSAS_CITY, "about-policy", "en", "Whoever wrote them says “I”; our copies give no name."),
        (KANSAS_CITY, "about-policy", "es", "Quien las escribió dice «yo», pero nuestras copias no dan su nombre."),
        (KANSAS_CITY, "reward-campaign", "en", "decide against bringing a gun"),
        (KANSAS_CITY, "reward-campaign", "es", "decida no llevar un arma"),
        (KANSAS_CITY, "immigration-enforcement", "en", "it does not do “proactive” enforcement"),
        (KANSAS_CITY, "ice-stop-outreach", "en", "fear of the department would hurt everyone"),
        (KANSAS_CITY, "ice-stop-outreach", "es", "el miedo al departamento perjudicaría a todos"),
        (KANSAS_CITY, "hope-city-help", "en", "were cold until they found out that police came to help"),
        (KANSAS_CITY, "hope-city-help", "es", "La gente fue fría hasta ver que iban a ayudar."),
        (KANSAS_CITY, "spanish-officers", "en", "to encourage them to take part in the investigation"),
        (KANSAS_CITY, "report-in-spanish", "es", "para animarlas a participar en la investigación"),
        (ROELAND_PARK, "ice-contact-no-warrant", "en", "somebody who may or may not be here legally"),
        (ROELAND_PARK, "ice-contact-no-warrant", "es", "cuántas pruebas tiene inmigración"),
    ],
)
def test_an_answer_tells_what_its_quotes_say(
    renderer: Renderer, department: str, topic: str, language: str, words: str
) -> None:
    assert words in answer(renderer, department, topic, language).text


def test_all_federal_partners_and_enforcement_stay_what_the_text_calls_them(renderer: Renderer) -> None:
    for topic in REAL.departments[ROELAND_PARK].answers:
        english, spanish = (answer(renderer, ROELAND_PARK, topic, language).text for language in LANGUAGES)
        assert english.count("federal partners") == english.count("all of its federal partners"), topic
        assert spanish.count("socios federales") == spanish.count("todos sus socios federales"), topic
        assert "acción policial" not in spanish, topic
        for citation in answer(renderer, ROELAND_PARK, topic, "es").citations:
            assert "acción policial" not in (citation.translation or "")


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("No. They do not ask. Call if you can.", "No. They do not ask. Call if you can."),
        ("Officers do not ask you for your papers. There are exceptions.", "Officers do not ask you for your papers."),
        ("Sí.", "Sí."),
    ],
)
def test_the_first_sentences_are_enough_to_stand_alone(text: str, first: str) -> None:
    assert first_sentences(text) == first


def test_what_to_choose_from_ends_with_a_person(renderer: Renderer) -> None:
    say = Say(say="clarify", topics=["what-is-asked", "report-anonymous"], confidence=0.5)
    reply = renderer.render([say], "kent-wa", "es")
    assert [choice.send for choice in reply.choices] == [
        topic_choice("what-is-asked"),
        topic_choice("report-anonymous"),
        PERSON,
    ]


@pytest.mark.parametrize("say", ["clarify", "no_answer"])
def test_how_to_reach_a_person_is_the_button_that_offers_one_and_stands_once(renderer: Renderer, say: str) -> None:
    topics = ["reach-liaison", "what-is-asked"]
    reply = renderer.render([Say(say=say, topics=topics, confidence=0.5)], "kent-wa", "es")  # type: ignore[typeddict-item]
    assert [choice.send for choice in reply.choices] == [topic_choice("what-is-asked"), PERSON]


def test_what_can_be_done_now_is_the_guide_a_person_and_what_the_last_answer_says(renderer: Renderer) -> None:
    reply = renderer.render([Say(say="next_steps", topic="reach-liaison")], "kent-wa", "en")
    assert reply.text.startswith("If someone is in danger now, call 911.")
    assert reply.text.endswith("(the page also names Chief Padilla): (253) 856-5890")
    assert [step.href for step in reply.steps] == ["tel:911", "tel:2538565890"]
    assert [choice.send for choice in reply.choices] == [GUIDE, topic_choice("report-not-urgent"), PERSON]
    after = renderer.render([Say(say="next_steps", topic="what-is-asked")], "kent-wa", "en")
    steps = [step.topic for step in REAL.departments["kent-wa"].answers["what-is-asked"].next_steps if step.topic]
    assert steps
    assert {topic_choice(topic) for topic in steps} <= {choice.send for choice in after.choices}
    alone = renderer.render([Say(say="next_steps")], "kent-wa", "en")
    assert [choice.send for choice in alone.choices] == [GUIDE, topic_choice("report-not-urgent"), PERSON]


def test_who_speaks_no_language_that_is_served_is_told_which_are_and_where_interpreters_help(
    renderer: Renderer,
) -> None:
    reply = renderer.render([Say(say="smalltalk", message="languages")], "kent-wa", "en")
    assert reply.text.startswith("I can answer only in these languages: English, español. In an emergency call 911:")
    assert [choice.send for choice in reply.choices] == [PERSON]


@pytest.mark.parametrize("message", SMALLTALK)
def test_small_talk_that_leads_nowhere_else_offers_a_person(renderer: Renderer, message: str) -> None:
    reply = renderer.render([Say(say="smalltalk", message=message)], "kent-wa", "en")
    offered = message in {"acknowledge", "nothing_yet", "about_bot", "privacy", "languages"}
    assert (PERSON in [choice.send for choice in reply.choices], reply.handoff_offered) == (offered, offered)


@pytest.mark.parametrize(
    ("language", "leave", "word"), [("en", "“Leave now”", "ERASE"), ("es", "«Salir ya»", "BORRAR")]
)
def test_whose_phone_is_read_is_told_how_to_hide_the_chat(
    renderer: Renderer, language: str, leave: str, word: str
) -> None:
    small_talk = [Say(say="smalltalk", message=message) for message in ("privacy", "erase")]
    said = [renderer.render([say], "kent-wa", language) for say in small_talk]
    said += [renderer.safety(message, "kent-wa", language) for message in ("stalking", "domestic_violence")]
    for reply in said:
        assert leave in reply.text
        assert word in reply.text


@pytest.mark.parametrize("topic", ["what-is-asked", "detainers"])
def test_an_answer_that_is_known_is_its_first_sentences_with_its_exceptions_and_a_person_first(
    renderer: Renderer, topic: str
) -> None:
    whole = answer(renderer, "kent-wa", topic, "en")
    short = renderer.render([Say(say="answer", topic=topic, confidence=1.0, form="short")], "kent-wa", "en")
    known = renderer.render([Say(say="answer", topic=topic, confidence=1.0, form="known")], "kent-wa", "en")
    assert known.text == f"The text says no more about this.\n\n{short.text}"
    assert (known.kind, known.citations, known.handoff_offered) == (whole.kind, whole.citations, True)
    assert known.choices[0].send == PERSON
    assert [choice.send for choice in known.choices].count(PERSON) == 1


def test_several_things_become_one_reply(renderer: Renderer) -> None:
    """The first decides the kind and the citations, the last which buttons there are."""
    first = Say(say="answer", topic="what-is-asked", confidence=0.9)
    last = Say(say="ask", message="report_with_name")
    reply = renderer.render([first, last], "kent-wa", "en")
    alone, question = renderer.render([first], "kent-wa", "en"), renderer.render([last], "kent-wa", "en")
    assert reply.text == f"{alone.text}\n\n{question.text}"
    assert (reply.kind, reply.citations) == ("answer", alone.citations)
    assert [choice.send for choice in reply.choices] == [YES, NO]


def test_a_change_of_language_holds_for_the_whole_reply(renderer: Renderer) -> None:
    says = [Say(say="language", language="es"), Say(say="smalltalk", message="greet")]
    reply = renderer.render(says, "kent-wa", "en")
    assert reply.language == "es"
    assert reply.text.startswith("Le responderé en español.\n\nHola.")


@pytest.mark.parametrize("language", LANGUAGES)
def test_trouble_is_told_in_both_languages_with_what_to_do(renderer: Renderer, language: str) -> None:
    reply = renderer.trouble("kent-wa", language)
    parts = reply.text.split("\n\n")
    assert len(parts) == 2
    assert all("911" in part for part in parts)
    assert reply.text.startswith({"en": "I cannot answer", "es": "No puedo responder"}[language])
    assert (reply.kind, reply.language, reply.citations, reply.trouble) == ("no_answer", language, [], True)


@pytest.mark.parametrize(
    "send",
    [
        "",
        "what-is-asked",
        "/press_anything",
        "/restart",
        "/choose_topic",
        topic_choice("no-such-topic"),
        topic_choice("detainers") + " ",
        topic_choice("hope-city-help"),  # another department's
        '/choose_topic{"topic":"detainers"}',
        '/choose_topic{"topic": "detainers", "department": "kansas-city-mo"}',
    ],
)
def test_a_button_that_nobody_offers_is_refused(renderer: Renderer, send: str) -> None:
    assert renderer.labels.of("kent-wa", "en", send) is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_fixed_buttons_have_labels(renderer: Renderer, language: str) -> None:
    labels = [renderer.labels.of("kent-wa", language, send) for send in (PERSON, GUIDE, YES, NO)]
    assert all(labels)
    assert len(set(labels)) == 4
    assert all(len(label or "") <= 24 for label in labels)


def test_no_department_answers_with_the_words_of_another(renderer: Renderer) -> None:
    for department, content in REAL.departments.items():
        for topic in content.answers:
            cited = {citation.document for citation in answer(renderer, department, topic, "en").citations}
            assert cited <= content.documents.keys()


def test_the_real_content_uses_every_kind_of_step() -> None:
    """None is tested on made-up content alone."""
    answers = [curated for content in REAL.departments.values() for curated in content.answers.values()]
    assert {step.do for curated in answers for step in curated.next_steps} == {"call-911", "person", "topic", "contact"}


def test_whoever_is_asked_whether_to_pass_something_on_is_asked_nothing_else(renderer: Renderer) -> None:
    says = [Say(say="handoff", offer=OFFER), Say(say="ask", message="report_with_name")]
    reply, alone = (renderer.render(each, "kent-wa", "es") for each in (says, says[:1]))
    assert reply == alone


def test_one_of_several_questions_says_so_and_offers_the_others_first(renderer: Renderer) -> None:
    others = ["reach-liaison", "share-with-ice", "report-in-spanish"]
    say = Say(say="answer", topic="what-is-asked", confidence=0.9, others=others)
    reply, alone = renderer.render([say], "kent-wa", "en"), answer(renderer, "kent-wa", "what-is-asked", "en")
    lead = (
        "You asked about more than one thing. This is about “Will they ask my status?”. You can choose the rest below."
    )
    assert reply.text == f"{lead}\n\n{alone.text}"
    sends = [choice.send for choice in reply.choices]
    assert sends[:2] == [topic_choice("share-with-ice"), topic_choice("report-in-spanish")]
    assert (sends[-1], len(sends)) == (PERSON, len(set(sends)))


@pytest.mark.parametrize("topic", ["report-not-urgent", "report-anonymous"])
@pytest.mark.parametrize("department", DEPARTMENTS)
def test_the_guide_does_not_lead_back_to_itself(renderer: Renderer, department: str, topic: str) -> None:
    reply = renderer.render([Say(say="answer", topic=topic, confidence=1.0, guided=True)], department, "en")
    sends = [choice.send for choice in reply.choices]
    assert (sends[0], GUIDE in sends, sends.count(PERSON), reply.handoff_offered) == (PERSON, False, 1, True)
    assert reply.text.endswith("That is all the texts I have say about this. For more, you can ask here for a person.")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("department", DEPARTMENTS)
def test_that_to_call_911_is_in_no_answer_twice(renderer: Renderer, department: str, language: str) -> None:
    line = {"en": "If someone is in danger now, call 911.", "es": "Si alguien está en peligro ahora, llame al 911."}
    steps = 0
    for topic, curated in REAL.departments[department].answers.items():
        reply = answer(renderer, department, topic, language)
        own = "911" in curated.answer[language] or any("911" in each.text[language] for each in curated.exceptions)
        calls = any(step.do == "call-911" for step in curated.next_steps)
        said = curated.answer[language].count(line[language])
        assert reply.text.count(line[language]) == said + (calls and not own)
        # The link stays.
        assert any(step.href == "tel:911" for step in reply.steps) == calls
        steps += calls
    assert steps


def test_below_a_warning_the_line_on_911_is_left_out(catalogs: Catalogs) -> None:
    renderer = Renderer(changed("kent-wa", "what-is-asked", next_steps=[NextStep(do="call-911")]), catalogs)
    say = Say(say="answer", topic="what-is-asked", confidence=0.9)
    assert "If someone is in danger now, call 911." in renderer.render([say], "kent-wa", "en").text
    assert "911" not in renderer.render([say], "kent-wa", "en", warned=True).text
