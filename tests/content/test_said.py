"""What answers say of the published text: no exception left out, no more than it says, and in plain words."""

from __future__ import annotations

import pytest
from real_content import real

from bot.content.models import Answer

KENT, LA = "kent-wa", "los-angeles-county-ca"
REAL = real()


def exceptions(topic: str, language: str) -> list[str]:
    """What limits one of Kent's answers, in the order in which it is read."""
    return [entry.text[language] for entry in REAL.departments[KENT].answers[topic].exceptions]


def texts(answer: Answer, language: str) -> list[str]:
    """All that an answer says in its own words."""
    return [answer.answer[language], *(entry.text[language] for entry in answer.exceptions)]


@pytest.mark.parametrize(
    "topic",
    ["what-is-asked", "right-to-report", "immigration-enforcement", "federal-cooperation", "booking-citizenship"],
)
def test_who_may_be_asked_about_status_includes_those_who_are_booked_for_a_crime(topic: str) -> None:
    english = (
        "For questions about status the policy also names this case: the person is lawfully arrested and booked "
        "(registered by the police after the arrest) for a crime."
    )
    spanish = (
        "Para las preguntas sobre el estatus, la política nombra también este caso: a la persona la arrestan y la "
        "fichan (anotan sus datos en la policía) legítimamente por un delito."
    )
    assert english in exceptions(topic, "en")
    assert spanish in exceptions(topic, "es")
    (entry,) = [each for each in REAL.departments[KENT].answers[topic].exceptions if each.text["en"] == english]
    assert "absent a lawful physical arrest and booking of such person for a crime" in entry.citation.quote


@pytest.mark.parametrize("topic", ["what-is-asked", "victims-witnesses", "report-as-witness"])
def test_when_a_passport_may_be_asked_for_stands_below_the_six_cases(topic: str) -> None:
    """That an arrest and booking allows it, too, the published text doesn't say: it names that case further on."""
    english, spanish = exceptions(topic, "en"), exceptions(topic, "es")
    where = english.index(
        "A separate rule on documents: officers may ask for a passport, visa, green card or travel documents when "
        "standard identification is not available, or in the six cases just above."
    )
    quotes = [entry.citation.quote for entry in REAL.departments[KENT].answers[topic].exceptions]
    assert [quote[:2] for quote in quotes[where - 6 : where]] == ["1.", "2.", "3.", "4.", "5.", "6."]
    assert spanish[where] == (
        "Otra regla, sobre documentos: los policías sí pueden pedir pasaporte, visa, green card o documentos de viaje "
        "cuando no hay disponible una identificación común, o en los seis casos anteriores."
    )


@pytest.mark.parametrize("topic", ["victims-witnesses", "report-as-witness"])
def test_what_booking_is_gets_explained(topic: str) -> None:
    assert "booked (registered by the police after the arrest) for a crime" in exceptions(topic, "en")[0]
    assert "la fichan (anotan sus datos en la policía) legítimamente por un delito" in exceptions(topic, "es")[0]


def test_the_right_to_report_is_not_told_without_the_work_with_federal_officials() -> None:
    assert exceptions("right-to-report", "en")[-1] == (
        "The policy also says that its rule against immigration investigations and status questions does not stop the "
        "department from working with federal immigration officials. It does not say what ICE (immigration agents) "
        "may do."
    )
    assert exceptions("right-to-report", "es")[-1] == (
        "La política dice también que su regla contra investigar asuntos de inmigración y preguntar por el estatus no "
        "impide que el departamento trabaje con funcionarios federales de inmigración. No dice lo que puede hacer ICE "
        "(la migra)."
    )


def test_which_papers_may_be_asked_for_is_said_by_name_and_which_are_not_named_comes_last() -> None:
    english, spanish = exceptions("identification-documents", "en"), exceptions("identification-documents", "es")
    assert english[0].startswith("Officers may ask for a passport, visa, green card or travel documents when standard ")
    assert spanish[0].startswith("Los policías sí pueden pedir el pasaporte, la visa, la green card o documentos de ")
    assert english[1].endswith("see them below.")
    assert english[2].startswith("The person is physically arrested")
    assert english[-1] == "The rule names no other papers, such as a work permit or a consular ID."
    assert spanish[-1] == (
        "La regla no nombra otros papeles, como un permiso de trabajo o una identificación consular."
    )


def test_what_should_be_done_is_not_said_to_be_a_must() -> None:
    """Citizenship "should be ascertained": in Spanish, too."""
    booking = REAL.departments[KENT].answers["booking-citizenship"].answer
    assert "should be found out" in booking["en"]
    translated = REAL.departments[KENT].documents["community-engagement"].translations["es"].sections["booking"][0]
    for spanish in (booking["es"], exceptions("what-is-asked", "es")[-1], translated):
        assert "se debería averiguar" in spanish


def test_the_field_of_the_form_is_told_and_that_nobody_says_who_reads_it() -> None:
    booking = REAL.departments[KENT].answers["booking-citizenship"].answer
    assert "“Citizenship?” field of a form, the King County Superform" in booking["en"]
    assert "campo «Citizenship?» (¿ciudadanía?) de un formulario, el Superform del condado de King" in booking["es"]
    assert "The text does not say who sees that form, or what is done with it." in exceptions(
        "booking-citizenship", "en"
    )


@pytest.mark.parametrize("word", ["preclude", "undertake", "inquire", "encountered"])
def test_kents_answers_say_it_in_plain_words(word: str) -> None:
    found = [
        topic
        for topic, answer in REAL.departments[KENT].answers.items()
        if any(word in text for text in texts(answer, "en"))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("department", "topic", "english", "spanish"),
    [
        (LA, "community-plans", "A Community Policing Plan (CPP) is a plan that", "El Plan de Policía Comunitaria "),
        (KENT, "arrest-for-status", "The police must not arrest and book you", "No deben arrestarle y ficharle"),
        (LA, "report-as-witness", "Nothing in this manual section keeps you from", "Nada en esta sección del manual "),
    ],
)
def test_an_opening_says_what_it_speaks_of_and_no_more_than_the_text(
    department: str, topic: str, english: str, spanish: str
) -> None:
    answer = REAL.departments[department].answers[topic].answer
    assert answer["en"].startswith(english)
    assert answer["es"].startswith(spanish)


@pytest.mark.parametrize(
    ("department", "topic", "english", "spanish"),
    [
        (
            LA,
            "problem-solving",
            "When possible, Community Policing Plans must focus on prevention",
            "Cuando sea posible, los Planes de Policía Comunitaria deben enfocarse en prevenir",
        ),
        (LA, "plan-updates", "how effective the current efforts are", "qué tan eficaz es lo que se hace"),
        (
            KENT,
            "community-reports",
            "the department tries hard to make every interaction with you positive",
            "el departamento se esfuerza por que cada trato con usted sea positivo",
        ),
        (
            KENT,
            "focus-groups",
            "a summary with action items that the department will work towards.",
            "un resumen con medidas en las que trabajará el departamento.",
        ),
    ],
)
def test_both_languages_say_what_the_quote_says(department: str, topic: str, english: str, spanish: str) -> None:
    answer = REAL.departments[department].answers[topic].answer
    assert english in answer["en"]
    assert spanish in answer["es"]


def test_the_departments_own_are_policias_in_translations_too() -> None:
    translated = REAL.departments[LA].documents["community-policing"].translations["es"].sections["problem-solving"]
    assert any("los policías juramentados y el personal profesional de la estación" in line for line in translated)
    assert not any("agentes" in line for line in translated)


def test_a_contact_may_be_another_way_than_a_call() -> None:
    """A department's contact can be the address of its posts, which is not for reports."""
    assert REAL.topics["contact-department"].label == {"en": "Contact the department", "es": "Datos de contacto"}
