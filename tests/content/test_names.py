"""The names that people write in any language are found in the content, and no word of a language is taken for one."""

from __future__ import annotations

import pytest
from small_content import Content

from bot.content.library import Library
from bot.content.names import names


def test_the_names_of_the_real_content(real: Library) -> None:
    found = names(real)
    assert {"kent", "kcpd", "kansas city", "los angeles", "roeland park", "hope city"} <= found
    assert not {"city", "los", "park", "policia", "police", "robos", "condado"} & found


@pytest.mark.parametrize(
    ("english", "spanish", "found"),
    [
        ("Small Town Police", "Policía de Small Town", {"small town"}),
        ("San José County", "Condado de San Jose", {"san jose"}),
        ("Robberies in Overland", "Robos en Overland", {"overland"}),
        ("Police", "Policía", set()),
    ],
)
def test_a_name_is_what_every_language_writes_alike(
    content: Content, english: str, spanish: str, found: set[str]
) -> None:
    content.replace("department.yml", "{en: Small Town Police, es: Policía de Small Town}", "{en: Oak, es: Roble}")
    content.replace(
        "department.yml", "short_name: {en: Small Town, es: Small Town}", "short_name: {en: Oak, es: Roble}"
    )
    content.replace("department.yml", "{en: Small Town, es: Small Town}", f"{{en: {english}, es: {spanish}}}")
    assert content.problems() == []
    assert names(content.library()) == found
