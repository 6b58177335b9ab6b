"""Which language is wanted by somebody who asks for one, or says which they don't speak."""

from __future__ import annotations

import pytest

from actions.language import speaks_none, wanted
from bot.examples import nlu_examples
from bot.settings import ROOT
from bot.unserved import UnservedLanguages


@pytest.mark.parametrize(
    ("text", "written", "current", "expected"),
    [
        ("in spanish please", "en", "en", "es"),
        ("en inglés por favor", "es", "es", "en"),
        ("Español!", "es", "en", "es"),
        ("change the language", "en", "en", "es"),
        ("otro idioma", "es", "es", "en"),
        ("otro idioma", "es", "en", "es"),
        ("cambie el idioma por favor", "es", "en", "es"),
        ("change the language", "en", "es", "en"),
        ("No English, Spanish please", "en", "en", "es"),
        ("spanish please, I don't speak English", "en", "en", "es"),
        ("no entiendo inglés, póngalo en español", "es", "en", "es"),
        ("no entiendo, en inglés por favor", "es", "es", "en"),
        ("no hablo inglés", "es", "es", "es"),
        ("no hablo inglés", "es", "en", "es"),
        ("no me hable en ingles", "es", "en", "es"),
        ("yo de ingles nada", "es", "es", "es"),
        ("inglés cero", "es", "en", "es"),
        ("yo de inglés poquito", "es", "en", "es"),
        ("I dont speak spanish", "en", "en", "en"),
        ("I can’t read Spanish", "en", "es", "en"),
        ("no hablo inglés ni español", "es", "es", "es"),
        ("¿por qué no hablas en español?", "es", "en", "es"),
        ("why dont you answer in english", "en", "es", "en"),
        ("can't you speak Spanish?", "en", "en", "es"),
        ("no puedes contestar en inglés?", "es", "es", "en"),
        ("porque me hablas en ingles", "es", "en", "es"),
        ("deje de hablar en ingles", "es", "en", "es"),
        ("dejen de escribirme en español", "en", "es", "en"),
        ("stop speaking spanish", "en", "es", "en"),
        ("quit talking english", "es", "en", "es"),
        ("why are you talking in spanish", "en", "es", "en"),
        ("por qué contestas en inglés si te hablo en español", "es", "en", "es"),
        ("en español por favor porque no hablo ingles", "es", "en", "es"),
        ("english or spanish?", "en", "en", "en"),
        ("English, or Spanish?", "en", "es", "en"),
        ("¿español o inglés?", "es", "en", "es"),
        ("english or spanish, spanish is better", "en", "en", "es"),
        ("no hablo inglés, hablo portugués", "es", "en", "es"),
    ],
)
def test_the_language_that_is_wanted(text: str, written: str, current: str, expected: str) -> None:
    assert wanted(text, ["en", "es"], current, written) == expected


@pytest.mark.parametrize(
    ("text", "none"),
    [
        ("no hablo español ni ingles hablo mam", True),
        ("I don't speak English or Spanish", True),
        ("no hablo inglés", False),
        ("no English, Spanish please", False),
        ("otro idioma", False),
        ("do you speak Portuguese?", True),
        ("please answer me in arabic", True),
        ("¿hablan portugués de Brasil?", True),
        ("do you have this in Haitian Creole", True),
        ("i only speak mixteco", True),
        ("solo hablo k'iche'", True),
        ("fala português?", True),
        ("in Tiếng Việt please", True),
        ("in Mexican Spanish", False),
        ("portugués o español", False),
        ("he ido a cambiar el idioma", False),
    ],
)
def test_who_speaks_none_of_the_languages(text: str, none: bool) -> None:
    assert speaks_none(text, ["en", "es"], ["Português", "Tiếng Việt"]) is none


def test_no_example_of_a_change_of_language_names_another_one() -> None:
    examples = [pair for pairs in nlu_examples(ROOT / "data").values() for pair in pairs]
    texts = [text for intent, text in examples if intent == "change_language"]
    assert len(texts) > 100
    assert [text for text in texts if speaks_none(text, ["en", "es"])] == []


def test_a_name_of_several_words_is_a_served_languages_too() -> None:
    assert wanted("in haitian creole please", ["en", "es", "ht"], "en", "en") == "ht"


def test_the_names_of_languages_that_are_not_served() -> None:
    path = ROOT / "data/unserved.yml"
    assert "Português" in UnservedLanguages(path, ["en", "es"]).names
    assert "Português" not in UnservedLanguages(path, ["en", "es", "pt"]).names
