"""Guards the console's words: for a message that did not arrive, languages, and how long ago something was."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest

from bot.console import web
from bot.console.web import Words
from bot.content.library import Library
from bot.i18n import Catalogs
from bot.replies import Citation
from bot.settings import Settings


@pytest.fixture
def words(library: Library) -> Words:
    """What an English page calls things."""
    return spoken(library, "en")


def spoken(library: Library, language: str) -> Words:
    """What a page in `language` calls things."""
    whatsapp = SimpleNamespace(trouble=SimpleNamespace(present=["no_number", "account_update: DISABLED", "190"]))
    catalogs = Catalogs(Settings().locales_dir, library.languages)
    runtime: Any = SimpleNamespace(library=library, catalogs=catalogs, whatsapp=whatsapp)
    return Words(runtime, language)


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("gone", "this person is not reachable on WhatsApp any more"),
        ("stopped", "this person asked for no more messages"),
        ("window", "more than 24 hours have passed, so they were asked to write first"),
        ("not_rendered", "no WhatsApp message could be made of it: tell whoever runs Enlace"),
        (
            "no_number",
            "WhatsApp does not find the department’s number, or the access token is not for it: "
            "tell whoever runs Enlace",
        ),
        ("131026", "WhatsApp could not reach this phone: no WhatsApp, an old version, or its terms not accepted"),
        ("131008", "WhatsApp refused it (code 131008)"),
        *((lost, "the connection to WhatsApp was lost") for lost in ("ConnectError", "HTTP 502", "OperationalError")),
    ],
)
@pytest.mark.parametrize(("state", "how"), [("failed", "Not delivered"), ("kept", "Kept")])
def test_why_a_message_did_not_arrive_is_said_in_words(
    words: Words, reason: str, said: str, state: str, how: str
) -> None:
    assert words.delivery(SimpleNamespace(state=state, reason=reason), None) == f"{how}: {said}"


def test_what_meta_names_of_an_account_is_said_as_meta_does(words: Words) -> None:
    assert words.trouble == [
        "WhatsApp does not find the department’s number, or the access token is not for it: tell whoever runs Enlace",
        "account_update: DISABLED",
        "WhatsApp’s access token has expired: tell whoever runs Enlace",
    ]


@pytest.mark.parametrize(
    ("contact", "link"),
    [
        ("2065550142", "tel:2065550142"),
        ("+1 (206) 555-0142", "tel:+12065550142"),
        ("rosa.p@example.org", "mailto:rosa.p@example.org"),
        ("rosa@example.org?bcc=x@example.org", None),
        ("rosa?cc=x%0A@example.org", "mailto:rosa%3Fcc%3Dx%250A@example.org"),
        ("206 555 0142, pregunte por Rosa", None),
        ("javascript:ran(1)", None),
        ("tel:2065550142", None),
        ("12", None),
    ],
)
def test_a_phone_number_calls_and_an_email_address_writes_where_it_is_nothing_else(
    contact: str, link: str | None
) -> None:
    assert Words.link(contact) == link


@pytest.mark.parametrize("template", ["_messages.html", "_answers.html"])
def test_published_words_are_in_the_language_that_they_were_published_in(words: Words, template: str) -> None:
    values = dict.fromkeys(Citation.model_fields) | {"quote": "No preguntamos.", "language": "es"}
    cited = SimpleNamespace(kind="answer", text="No.", language="en", topic=None, citations=[SimpleNamespace(**values)])
    message = SimpleNamespace(
        number=1, author="bot", name=None, created_at=web.now(), text="No.", language="en", reply=cited, state="sent",
        status=None, reason=None,
    )  # fmt: skip
    html = web._templates.get_template(template).render(
        _=words,
        say=words,
        root=web.ROOT,
        messages=[message],
        answers=[cited],
        conversation=SimpleNamespace(id="c", department="kent-wa", delivered=1, channel="web", owner="bot"),
        last=1,
        replaced=[],
        earlier=[],
        part=False,
    )
    assert '<blockquote lang="es">No preguntamos.</blockquote>' in html


@pytest.mark.parametrize(
    ("language", "asked", "reply"),
    [
        ("en", "asked 5 minutes ago", "Your reply in Spanish"),
        ("es", "lo pidió hace 5 minutos", "Su respuesta en español"),
    ],
)
def test_a_page_says_when_they_asked_how_long_is_left_and_the_language_in_its_own(
    library: Library, language: str, asked: str, reply: str
) -> None:
    words = spoken(library, language)
    entry = SimpleNamespace(
        id="c", place="yours", department="kent-wa", language="es", flag=None, topic=None, liaison=None,
        since=web.now() - dt.timedelta(minutes=5), answered=False, nobody_speaks_it=False, channel="web", summary=None,
    )  # fmt: skip
    callback = SimpleNamespace(
        id=1,
        conversation_id="c",
        created_at=entry.since,
        language="es",
        department="kent-wa",
        contact="x",
        done_at=None,
        name=None,
        shown=False,
    )
    html = {
        name: web._templates.get_template(name).render(
            _=words,
            say=words,
            root=web.ROOT,
            here=web.ROOT,
            language=language,
            languages=library.languages,
            who=SimpleNamespace(csrf="", name="Ana", on_duty=True, may=lambda what: False),
            part=False,
            callbacks_open=1,
            alarming=0,
            lists={"yours": [entry]},
            callbacks=[callback],
            conversation=SimpleNamespace(id="c", language="es", department="kent-wa"),
            closes=web.now() + dt.timedelta(hours=3, minutes=7, seconds=30),
            key="k",
        )
        for name in ("_queue.html", "callbacks.html", "_reply.html")
    }
    assert asked in html["_queue.html"]
    assert asked in html["callbacks.html"]
    assert reply in html["_reply.html"]
    assert ">3:07 h</time>" in html["_reply.html"]
