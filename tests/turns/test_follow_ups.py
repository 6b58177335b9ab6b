"""Which messages go on from the one before."""

from __future__ import annotations

import pytest
from real_content import real

from bot.turns.follow_ups import FollowUps

FOLLOW_UPS = FollowUps(real().languages)


@pytest.mark.parametrize(
    "text",
    [
        "¿y si soy testigo?",
        "and if I'm arrested?",
        "what about my wife",
        "How?",
        "sin dar mi nombre",
        "pero en el trabajo",
        "my cousin got a felony in 09",
        "and if they come to the house of my mother",
    ],
)
def test_a_message_that_needs_the_one_before(text: str) -> None:
    assert FOLLOW_UPS.match(text)


@pytest.mark.parametrize(
    "text",
    [
        "los policías de aquí me van a preguntar si tengo papeles",
        "can a police officer in this town ask about my status",
        "yesterday somebody robbed me at the bus stop on Main",
        "and then I was going home from work and two men came out and took my bag and my phone",
        "",
        "🙂",
    ],
)
def test_a_message_that_says_enough(text: str) -> None:
    assert not FOLLOW_UPS.match(text)
