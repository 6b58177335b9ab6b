"""Guards which button somebody means who types it."""

from __future__ import annotations

import pytest

from bot.replies import NO, NOW, PERSON, Choice
from bot.turns.typed import chosen

CHOICES = [Choice(label="Reportar sin mi nombre", send="/a"), Choice(label="¿Preguntan mi estatus?", send="/b")]


@pytest.mark.parametrize(
    ("text", "send"),
    [
        ("reportar sin mi nombre", "/a"),
        ("PREGUNTAN MI ESTATUS", "/b"),
        ("Hablar con alguien.", PERSON),
        ("1", "/a"),
        ("2.", "/b"),
        ("la primera", "/a"),
        ("la segunda opción", "/b"),
        ("option 2", "/b"),
        ("the third one", PERSON),
        ("second one", "/b"),
        ("4", None),
        ("0", None),
        ("911", None),
        ("segundo", None),
        ("un segundo", None),
        ("primero quiero saber algo", None),
        ("1 hora", None),
        ("la primera vez", None),
        ("reportar", None),
        ("🙂", None),
    ],
)
def test_a_label_or_a_place_is_a_button_and_nothing_else_is(text: str, send: str | None) -> None:
    assert chosen(text, [*CHOICES, Choice(label="Hablar con alguien", send=PERSON)]) == send


def test_whether_it_is_happening_now_is_answered_by_no_number() -> None:
    choices = [Choice(label="Yes", send=NOW), Choice(label="No", send=NO)]
    assert [chosen(text, choices) for text in ("1", "the first one", "yes", "no")] == [None, None, NOW, NO]


def test_where_there_is_no_button_none_is_meant() -> None:
    assert chosen("1", []) is None
