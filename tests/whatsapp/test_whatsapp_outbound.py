"""Guards what goes out: every answer in every language is within what the Cloud API takes, and says all it has to."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
import yaml
from cloud_api import Config, create_cloud
from hypothesis import given
from hypothesis import strategies as st
from whatsapp_content import CATALOGS, OUTBOUND, REAL, RENDERER

from bot.channels.whatsapp import limits
from bot.channels.whatsapp.errors import OTHER, WORDS, action
from bot.channels.whatsapp.outbound import Part, split
from bot.messages import SAFETY, SMALLTALK, UNREAD, WHATSAPP
from bot.replies import PERSON, Choice, Reply, Say, topic_choice
from bot.settings import ROOT
from bot.unserved import Unserved

PLACES = [(department, language) for department in REAL.departments for language in REAL.languages]
Refused = Callable[[Part], Any]
UNSERVED = yaml.safe_load((ROOT / "data/unserved.yml").read_text(encoding="utf-8"))["languages"]
FIELDS = ("name", "direction", "sentence", "person")


@pytest.fixture(scope="module")
async def refused() -> AsyncIterator[Refused]:
    """`await refused(part)`: what the local Cloud API has against a message; None: it takes it."""
    app = create_cloud(Config(pair_burst=10**6, throughput=10**6))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://cloud.test") as client:
        await client.post("/_control/users", json={"wa_id": "15550142", "name": "Rosa"})
        await client.post("/_control/users/15550142/say", json={"type": "text", "text": "hola"})

        async def send(part: Part) -> Any:
            body = {"messaging_product": "whatsapp", "to": "15550142", **part}
            headers = {"Authorization": f"Bearer {Config().token}"}
            answer = await client.post("/v25.0/1001/messages", json=body, headers=headers)
            return None if answer.status_code == 200 else answer.json()

        for language in REAL.languages:
            answer = await client.post("/_control/templates", json=OUTBOUND.template_definition(language))
            assert answer.status_code == 200, answer.text
        yield send
        await app.state.cloud.close()


def answers(department: str, language: str) -> list[Reply]:
    """Everything that can be said: each topic in each form, and what is said besides."""
    says = [
        Say(say="answer", topic=topic, confidence=0.9, **form)
        for topic, answer in REAL.departments[department].answers.items()
        if answer.enabled
        for form in ({}, {"form": "short"}, {"form": "explained"}, {"form": "source"}, {"form": "limits"})
    ]
    says += [Say(say="smalltalk", message=each) for each in SMALLTALK]
    says += [Say(say="waiting", channel="whatsapp")]
    replies = [RENDERER.render([say], department, language) for say in says]
    replies += [RENDERER.safety(rule, department, language) for rule in SAFETY]
    replies += [RENDERER.whatsapp(each, department, language) for each in WHATSAPP]
    replies += [RENDERER.unread(each, department, language) for each in UNREAD]
    return [*replies, RENDERER.greeting(department, language)]


@pytest.mark.parametrize(("department", "language"), PLACES)
async def test_the_cloud_api_takes_every_answer(refused: Refused, department: str, language: str) -> None:
    for reply in answers(department, language):
        for part in OUTBOUND.parts(reply.text, language, reply):
            assert await refused(part) is None, part


@pytest.mark.parametrize(("department", "language"), PLACES)
def test_an_answer_comes_whole_with_its_passage_in_one_short_message(department: str, language: str) -> None:
    for topic, answer in REAL.departments[department].answers.items():
        if not answer.enabled or answer.silent:
            continue
        reply = RENDERER.render([Say(say="answer", topic=topic, confidence=0.9)], department, language)
        first, second, *rest = [shown(part) for part in OUTBOUND.parts(reply.text, language, reply)]
        assert first.startswith(reply.text)
        assert reply.citations[0].quote in second
        assert reply.citations[0].title in second
        (alone,) = RENDERER.answers.passages(reply.citations[:1], language)
        assert len(second) <= limits.BODY or (second.startswith(alone) and len(alone) > 0.9 * limits.BODY)
        if language == "es":
            assert reply.citations[0].translation
            assert reply.citations[0].translation in " ".join([second, *rest])
        assert len(rest) <= 1


@pytest.mark.parametrize(("department", "language"), PLACES)
def test_who_asks_where_it_says_that_gets_each_passage_once(department: str, language: str) -> None:
    for topic, answer in REAL.departments[department].answers.items():
        if not answer.enabled or answer.silent:
            continue
        for form in ("source", "explained"):
            reply = RENDERER.render([Say(say="answer", topic=topic, confidence=0.9, form=form)], department, language)
            said = "".join(shown(part) for part in OUTBOUND.parts(reply.text, language, reply))
            for passage in RENDERER.answers.passages(reply.citations, language):
                # Without what is between words, where a long text is cut.
                assert "".join(said.split()).count("".join(passage.split())) == 1, topic
            assert "pasajes (" not in said
            assert "passages (" not in said


@pytest.mark.parametrize(
    ("language", "more"),
    [
        ("en", r"More passages \(\d+\): ask “where does it say that\?”"),
        ("es", r"Más pasajes \(\d+\): pregunte «¿dónde dice eso\?»"),
    ],
)
def test_how_many_passages_there_are_besides_is_said_with_what_to_ask(language: str, more: str) -> None:
    said = set()
    for department in REAL.departments:
        for topic, answer in REAL.departments[department].answers.items():
            if not answer.enabled or answer.silent:
                continue
            reply = RENDERER.render([Say(say="answer", topic=topic, confidence=0.9)], department, language)
            second = shown(OUTBOUND.parts(reply.text, language, reply)[1])
            whole = RENDERER.answers.passages(reply.citations, language)[-1] in second
            assert bool(re.search(more, second)) == (not whole), topic
            said.add(whole)
    assert said == {True, False}


@pytest.mark.parametrize("code", sorted(UNSERVED))
async def test_who_writes_in_a_language_that_is_not_served_is_told_so(refused: Refused, code: str) -> None:
    entry = UNSERVED[code]
    reply = RENDERER.unserved(Unserved(code=code, **{key: entry[key] for key in FIELDS}), "kent-wa")
    parts = OUTBOUND.parts(reply.text, reply.language, reply)
    said = json.dumps(parts, ensure_ascii=False)
    assert entry["sentence"] in said
    assert entry["person"] in said
    for part in [*parts, OUTBOUND.template(reply.language)]:
        assert await refused(part) is None


def shown(part: Part) -> str:
    """The text of a part."""
    return str(part["text"]["body"] if part["type"] == "text" else part["interactive"]["body"]["text"])


@pytest.mark.parametrize("language", REAL.languages)
async def test_the_template_is_taken_as_it_is_submitted(refused: Refused, language: str) -> None:
    assert await refused(OUTBOUND.template(language)) is None
    body = OUTBOUND.template_definition(language)["components"][0]["text"]
    assert not any(content.profile.name[language] in body for content in REAL.departments.values())


def test_a_template_is_in_the_language_as_meta_calls_it(monkeypatch: pytest.MonkeyPatch) -> None:
    spanish = REAL.languages["es"].model_copy(update={"whatsapp": "es_MX"})
    monkeypatch.setitem(REAL.languages, "es", spanish)
    assert OUTBOUND.template("es")["template"]["language"] == {"code": "es_MX"}
    assert OUTBOUND.template_definition("es")["language"] == "es_MX"
    assert OUTBOUND.template_definition("en")["language"] == "en"


@pytest.mark.parametrize("language", REAL.languages)
def test_no_label_is_too_long(language: str) -> None:
    assert OUTBOUND.too_long(language) == []


def test_a_label_that_is_too_long_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    long = "una etiqueta que nadie puede leer en un botón"
    monkeypatch.setattr(RENDERER.labels, "every", lambda language: ["corta", long])
    assert [problem for problem in OUTBOUND.too_long("es") if long in problem]


def test_ten_rows_have_the_person_among_them() -> None:
    topics = [Choice(label=f"Tema {each}", send=topic_choice(f"topic-{each}")) for each in range(14)]
    greeting = RENDERER.greeting("kent-wa", "es")
    person = Choice(label="Hablar con alguien", send=PERSON)
    (part,) = OUTBOUND.parts("Hola", "es", greeting.model_copy(update={"choices": [*topics, person]}))
    rows = part["interactive"]["action"]["sections"][0]["rows"]
    assert len(rows) == limits.ROWS
    assert rows[-1] == {"id": person.send, "title": person.label}


def test_of_two_buttons_with_one_title_one_is_sent() -> None:
    greeting = RENDERER.greeting("kent-wa", "es")
    choices = [Choice(label="Hablar con alguien", send=topic_choice("reach-liaison")), *greeting.choices]
    choices.append(Choice(label="Hablar con alguien", send=PERSON))
    (part,) = OUTBOUND.parts("Hola", "es", greeting.model_copy(update={"choices": choices}))
    rows = part["interactive"]["action"]["sections"][0]["rows"]
    assert [row["id"] for row in rows if row["title"] == "Hablar con alguien"] == [PERSON]
    assert len(rows) == len(choices) - 1


TEXTS = st.text(alphabet=st.sampled_from("aé ñ.\n!👍🏽…x"), max_size=400)


@given(TEXTS, st.integers(10, 60))
def test_splitting_loses_no_word_and_stays_within_the_limit(text: str, most: int) -> None:
    pieces = split(text.strip(), most)
    assert all(0 < len(piece) <= most for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_splitting_is_between_paragraphs_or_sentences_where_it_can_be() -> None:
    assert split("Uno dos tres. Cuatro cinco. Seis siete.", 30) == ["Uno dos tres. Cuatro cinco.", "Seis siete."]
    assert split("Uno dos tres.\n\nCuatro cinco seis siete ocho.", 30) == [
        "Uno dos tres.",
        "Cuatro cinco seis siete ocho.",
    ]
    assert split("a" * 25, 10) == ["a" * 10, "a" * 10, "a" * 5]


@pytest.mark.parametrize(
    ("code", "what"),
    [
        (131047, "template"),
        (190, "alarm"),
        (368, "alarm"),
        (131031, "alarm"),
        (131042, "alarm"),
        (132001, "alarm"),
        (130429, "wait"),
        (131056, "wait"),
        (131000, "wait"),
        (4, "wait"),
        (131026, "give_up"),
        (130497, "give_up"),
        (131009, "give_up"),
        (100, "give_up"),
        (131050, "give_up"),
        (131048, "alarm"),
        (131064, "alarm"),
        (131049, "wait"),
        (None, "give_up"),
        (102, "alarm"),
        (2500, "alarm"),
        (2635, "alarm"),
        (131030, "alarm"),
        (17, "wait"),
        (32, "wait"),
        (341, "wait"),
        (613, "wait"),
    ],
)
def test_an_error_says_what_to_do(code: int | None, what: str) -> None:
    assert action(code) == what


def test_a_template_that_is_held_back_counts_as_marketing() -> None:
    assert action(131049, invitation=True) == "alarm"


def test_a_number_that_is_not_there_is_no_matter_of_one_message() -> None:
    assert action(100, 33) == "alarm"
    assert action(100, 2388024) == "give_up"


@pytest.mark.parametrize("language", REAL.languages)
def test_a_liaison_reads_a_reason_in_words(language: str) -> None:
    for message in [*WORDS.values(), OTHER]:
        said = CATALOGS.gettext(language, message, code="1")
        assert said
        assert (said == message) == (language == "en") or "%" in message
