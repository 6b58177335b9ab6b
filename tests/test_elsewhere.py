"""A question about another place's police is not answered out of this department's text."""

from __future__ import annotations

import pytest

from bot.content.library import Library
from bot.elsewhere import Elsewhere
from bot.examples import nlu_examples
from bot.settings import ROOT


@pytest.fixture(scope="module")
def elsewhere(library: Library) -> Elsewhere:
    """What is elsewhere for the departments as they are."""
    profiles = {name: department.profile for name, department in library.departments.items()}
    return Elsewhere(ROOT / "data" / "places.yml", profiles)


@pytest.mark.parametrize(
    ("department", "text"),
    [
        ("kent-wa", "what does Chicago police do with ICE"),
        ("kent-wa", "¿la policía de Kansas City pregunta por papeles?"),
        ("kansas-city-mo", "do cops in Seattle ask for papers"),
        ("kansas-city-mo", "la polisia de los angeles te pide papeles"),
        ("kansas-city-mo", "who is the chief of the Kent police"),
        ("los-angeles-county-ca", "las reglas de la migra en Texas"),
        ("roeland-park-ks", "does St. Louis PD hold people for ICE"),
        ("kent-wa", "does Seattle Washington police ask for papers"),
        ("kent-wa", "la policía de Yakima, Washington, pide papeles?"),
        ("kent-wa", "la patrulla del estado de Washington pregunta por papeles?"),
        ("roeland-park-ks", "does the Overland Park Kansas police ask for papers"),
        ("roeland-park-ks", "do the state troopers of Kansas call ICE"),
        ("roeland-park-ks", "la policía de México me puede ayudar"),
        ("roeland-park-ks", "do the Fairway police ask for papers"),
        ("kansas-city-mo", "la policia de liberty te pregunta de donde eres?"),
        ("kent-wa", "el sherif del condado de Pierce detiene gente pa la migra"),
        ("kent-wa", "los de Seattle preguntan por papeles?"),
        ("los-angeles-county-ca", "and the LAPD?"),
        ("los-angeles-county-ca", "does the los angeles police department ask about papers"),
        ("los-angeles-county-ca", "do the Los Angeles city police ask for papers"),
        ("los-angeles-county-ca", "¿El Departamento de Policía de Los Ángeles pregunta por papeles?"),
        ("los-angeles-county-ca", "does Houston have such a plan"),
        ("kansas-city-mo", "la patrulla de caminos pide papeles?"),
        ("roeland-park-ks", "y en merriam te piden papeles?"),
        ("kent-wa", "do the cops in Bonney Lake call ICE"),
        ("roeland-park-ks", "and Merriam?"),
        ("kansas-city-mo", "vivo en north kansas city, esos oficiales cooperan con ice?"),
        ("los-angeles-county-ca", "los de alhambra dan intérprete en las reuniones"),
        ("kansas-city-mo", "FBI ask witnesses for papers?"),
        ("kent-wa", "el border patrol me puede pedir la green card en el ferry"),
        ("kent-wa", "aqui en tacoma los policias preguntan por papeles?"),
        ("kent-wa", "what bout federal way"),
        ("kansas-city-mo", "and the Overland Park ones, do they ask for papers?"),
        ("roeland-park-ks", "does the Kansas highway patrol work with ICE?"),
        ("roeland-park-ks", "el alguacil de wyandotte detiene gente para ice?"),
        ("los-angeles-county-ca", "los de la CHP cada cuanto cambian su plan"),
        ("kent-wa", "do light rail cops ask about your visa"),
    ],
)
def test_another_places_police(elsewhere: Elsewhere, department: str, text: str) -> None:
    assert elsewhere.asks(text, department)


@pytest.mark.parametrize(
    ("department", "text"),
    [
        ("kent-wa", "do Kent police ask for papers"),
        ("kent-wa", "police in Washington ask for papers?"),
        ("kent-wa", "do police ask for papers"),
        ("kent-wa", "is it the same in Kent as in Seattle"),
        ("kent-wa", "I moved here, my family lives in Chicago, will police tell ICE"),
        ("kent-wa", "soy de México, ¿puedo reportar un robo?"),
        ("kansas-city-mo", "what do Kansas City police do with ICE"),
        ("kansas-city-mo", "in kansas do they ask for papers"),
        ("roeland-park-ks", "police in Kansas"),
        ("roeland-park-ks", "what is the mission of the police"),
        ("kansas-city-mo", "is there an independence of the police from ICE"),
        ("kansas-city-mo", "what does the KCPD do with ICE"),
        ("kent-wa", "my name is Auburn and police stopped me"),
        ("los-angeles-county-ca", "does LA County help ICE"),
        ("los-angeles-county-ca", "does the los angeles county sheriffs department ask about papers"),
        ("los-angeles-county-ca", "el departamento del sheriff de los angeles pide papeles?"),
        ("los-angeles-county-ca", "el departamento de policia del condado de los angeles pide papeles?"),
        ("los-angeles-county-ca", "el departamento de policia de los angeles county pide papeles?"),
        ("los-angeles-county-ca", "en arizona los sherifes agarraban paisanos, aqui tambien?"),
        ("kent-wa", "texas cops ask everybody for papers, yall do that too?"),
        ("roeland-park-ks", "mi chequera la hallaron en Topeka, me la habían robado aquí en octubre"),
        ("roeland-park-ks", "they did a sweep in Wichita with city cops, would your rules allow that"),
        ("kent-wa", "they got into our storage unit while we were in Mexico"),
        ("kent-wa", "does the FBI get help from Kent police"),
        ("kansas-city-mo", "do you help the DEA"),
        ("roeland-park-ks", "trabajo ahi y vivo en kansas city, esto me cubre?"),
        ("kansas-city-mo", "my mom is from Honduras, will cops listen to her"),
        ("kent-wa", "i rode the light rail and lost my papers, will i go to jail"),
        ("roeland-park-ks", "soy de Texas"),
    ],
)
def test_its_own_police_or_only_a_place(elsewhere: Elsewhere, department: str, text: str) -> None:
    assert not elsewhere.asks(text, department)


def test_almost_no_variant_is_taken_for_one_about_another_place(elsewhere: Elsewhere, library: Library) -> None:
    variants = [
        (name, text)
        for name, department in library.departments.items()
        for answer in department.answers.values()
        for texts in answer.variants.values()
        for text in texts
    ]
    wrong = [(name, text) for name, text in variants if elsewhere.asks(text, name)]
    assert len(wrong) <= len(variants) * 0.001, wrong


def comes_back(elsewhere: Elsewhere, text: str, before: str, department: str) -> str | None:
    """What is asked by `text` after a question about another place; as a turn does it."""
    return elsewhere.put_to(before, department) if elsewhere.only_means(text, department) else None


@pytest.mark.parametrize(
    ("department", "before", "text", "question"),
    [
        ("kent-wa", "¿La policía de Seattle pide papeles?", "¿y en Kent?", "¿La policía de Kent pide papeles?"),
        ("kent-wa", "does Tukwila PD report you to ICE", "sorry meant Kent", "does Kent PD report you to ICE"),
        ("kent-wa", "does St. Louis PD call the FBI on you?", "no, Kent", "does Kent PD call the FBI on you?"),
        (
            "roeland-park-ks",
            "do they ask for papers in Topeka",
            "ok and you guys?",
            "do they ask for papers in Roeland Park",
        ),
        (
            "kansas-city-mo",
            "en Omaha hacen redadas los policías",
            "y los de aca",
            "en Kansas City hacen redadas los policías",
        ),
        (
            "los-angeles-county-ca",
            "does the LAPD work with ICE",
            "and the sheriff?",
            "does the Los Angeles work with ICE",
        ),
        (
            "kansas-city-mo",
            "does the border patrol ask for papers",
            "and the cops?",
            "does the Kansas City ask for papers",
        ),
    ],
)
def test_what_was_asked_of_another_place_is_asked_of_the_department(
    elsewhere: Elsewhere, department: str, before: str, text: str, question: str
) -> None:
    assert comes_back(elsewhere, text, before, department) == question


@pytest.mark.parametrize(
    ("department", "before", "text"),
    [
        ("kent-wa", "does Tukwila PD report you to ICE", "and Renton?"),
        ("kent-wa", "does Tukwila PD report you to ICE", "thank you"),
        ("kent-wa", "does Tukwila PD report you to ICE", "ok"),
        ("kent-wa", "do you report people to ICE", "and in Kent?"),
        ("kansas-city-mo", "does Overland Park police ask for papers", "and the sheriff?"),
        ("kent-wa", "and Renton?", "and Kent?"),
        ("kent-wa", "what about Seattle police", "and in Kent?"),
        ("kansas-city-mo", "y la de Overland Park?", "y ustedes"),
        ("kent-wa", "and the ones in Renton?", "and you?"),
        *(
            ("kent-wa", "does Tukwila PD report you to ICE", text)
            for text in (
                "thanks officer",
                "gracias por sus respuestas",
                "are you a bot?",
                "do you keep my messages?",
                "quiero hablar con un policia",
                "how do I become a police officer",
                "I got robbed in Kent",
                "un policia me pego",
                "there is a fire in Kent",
                "and my brother lives in Kent",
                "no soy de aqui",
                "what do you mean",
            )
        ),
    ],
)
def test_what_stays_elsewhere_or_was_never_there(elsewhere: Elsewhere, department: str, before: str, text: str) -> None:
    assert comes_back(elsewhere, text, before, department) is None


@pytest.mark.parametrize(
    "text",
    ["and the ones in Renton?", "y la de Overland Park?", "what about Seattle police", "and Olathe?", "¿y la LAPD?"],
)
def test_a_place_alone_asks_nothing(elsewhere: Elsewhere, text: str) -> None:
    assert elsewhere.only_names(text)


@pytest.mark.parametrize(
    "text",
    ["do Seattle police ask for papers", "and you?", "reporté un robo en Renton", "does Tukwila work with ICE", ""],
)
def test_what_asks_something_or_names_no_place_is_no_place_alone(elsewhere: Elsewhere, text: str) -> None:
    assert not elsewhere.only_names(text)


def test_almost_no_other_message_is_taken_for_one_that_comes_back(elsewhere: Elsewhere) -> None:
    before, examples = "does Tukwila PD report you to ICE", nlu_examples(ROOT / "data")
    messages = [text for each in examples.values() for intent, text in each if intent != "faq"]
    wrong = [text for text in messages if comes_back(elsewhere, text, before, "kent-wa")]
    assert len(wrong) <= len(messages) * 0.001, wrong
