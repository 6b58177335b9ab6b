"""Which language is wanted by somebody who asks for one, or says which they don't speak."""

from __future__ import annotations

import pytest

from actions.language import wanted


@pytest.mark.parametrize(
    ("text", "current", "expected"),
    [
        ("in spanish please", "en", "es"),
        ("en inglés por favor", "es", "en"),
        ("Español!", "en", "es"),
        ("change the language", "en", "es"),
        ("otro idioma", "es", "en"),
        ("No English, Spanish please", "en", "es"),
        ("spanish please, I don't speak English", "en", "es"),
        ("no entiendo inglés, póngalo en español", "en", "es"),
        ("no entiendo, en inglés por favor", "es", "en"),
        ("no hablo inglés", "es", "es"),
        ("no hablo inglés", "en", "es"),
        ("no me hable en ingles", "en", "es"),
        ("yo de ingles nada", "es", "es"),
        ("inglés cero", "en", "es"),
        ("yo de inglés poquito", "en", "es"),
        ("I dont speak spanish", "en", "en"),
        ("I can’t read Spanish", "es", "en"),
        ("no hablo inglés ni español", "es", "es"),
    ],
)
def test_the_language_that_is_wanted(text: str, current: str, expected: str) -> None:
    assert wanted(text, ["en", "es"], current) == expected
