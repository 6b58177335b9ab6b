"""What every channel does to a resident's text: nothing unreadable gets in, and nothing that can be read is lost."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import text as text_module
from bot.api import conversations
from bot.errors import EmptyMessage, MessageTooLong
from bot.settings import Settings
from bot.text import beside, clean, shortened

LIMIT = 200


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\n\t\r\n",
        "\u00a0\u2003",
        "\u200b\u200b",  # zero-width space
        "\u200c\u200d\ufeff",  # joiners and a byte-order mark
        "\u202e\u2066\u2069",  # bidirectional controls
        "\x00\x07\x1b",
        "\u200d \u200d",
        "\u0301",  # an accent on nothing
        "\ud800",  # half of a surrogate pair
        "\ue000",  # private use
    ],
)
def test_a_text_without_a_visible_character_is_empty(text: str) -> None:
    with pytest.raises(EmptyMessage):
        clean(text, LIMIT)


@pytest.mark.parametrize("text", ["👍", "🚓🚨", "👩‍👧‍👦", "🇲🇽", "❤️", "?", "1", "ñ", "ありがとう", "مرحبا", "می‌خواهم"])
def test_what_can_be_seen_is_kept_as_it_is(text: str) -> None:
    assert clean(text, LIMIT) == text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("  hola \n", "hola"),
        ("uno\ndos", "uno\ndos"),
        ("uno\r\ndos", "uno\ndos"),
        ("uno\tdos", "uno\tdos"),
        ("ho\x00la\x07", "hola"),
        ("\x1b[31mhola", "[31mhola"),
        ("\u202ealoh\u202c", "aloh"),
        ("\u2066hola\u2069", "hola"),
        ("ho\u200bla\ufeff", "hola"),
        ("ho\u00adla", "hola"),
        ("ho\ud800la", "hola"),
        ("policia\u0301?", "policiá?"),
        ("an\u0303o", "año"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),  # text, and shown as text
        ("llame al 816-555-0134", "llame al [phone]"),
        ("816\u200b-555\u202c-0134", "[phone]"),  # a number cannot hide behind invisible characters
        ("A\u200b123456789", "[a-number]"),
    ],
)
def test_what_cannot_be_seen_is_removed_and_identifiers_are_masked(text: str, cleaned: str) -> None:
    assert clean(text, LIMIT) == cleaned


def test_a_message_may_be_as_long_as_the_limit_and_no_longer() -> None:
    assert clean("a" * LIMIT, LIMIT) == "a" * LIMIT
    with pytest.raises(MessageTooLong) as caught:
        clean("a" * (LIMIT + 1), LIMIT)
    assert caught.value.values == {"limit": LIMIT}
    assert clean("a\r\n" * (LIMIT // 2 - 1) + "b", LIMIT) == "a\n" * (LIMIT // 2 - 1) + "b"  # as the field counted


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.text(max_size=60))
def test_any_text_is_cleaned_or_refused(text: str) -> None:
    """What comes out can be stored and sent: it encodes, and cleaning it again changes nothing."""
    try:
        cleaned = clean(text, LIMIT)
    except EmptyMessage:
        return
    cleaned.encode("utf-8")
    assert "\x00" not in cleaned
    assert clean(cleaned, LIMIT) == cleaned


def thread_of(text: str, *_: object) -> str:
    return threading.current_thread().name


async def test_a_long_text_is_worked_on_where_nobody_waits_for_it() -> None:
    here = threading.current_thread().name
    assert await beside(thread_of, "a" * 200, LIMIT) == here
    assert await beside(thread_of, "a" * 201, LIMIT) != here


async def test_long_texts_of_the_website_are_masked_where_nobody_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[str] = []
    monkeypatch.setattr(text_module, "mask", lambda text: threads.append(thread_of(text)) or text)
    runtime = SimpleNamespace(settings=Settings(), answering=None)
    body = conversations.MessageRequest(text="1234567 " * 99)
    with pytest.raises(AttributeError):  # after it was masked, where nothing runs that answers
        await conversations.say(runtime, SimpleNamespace(language="es", owner="bot"), body)  # type: ignore[arg-type]
    assert len(threads) == 1
    assert threads[0] != threading.current_thread().name


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("ten chars!", "ten chars!"),
        ("one two three", "one two…"),
        ("one two\nthree", "one two…"),
        ("one  two three", "one  two…"),
        ("onetwothreefour", "onetwothr…"),
    ],
)
def test_a_text_is_cut_at_a_word_and_says_so(text: str, short: str) -> None:
    assert shortened(text, 10) == short
