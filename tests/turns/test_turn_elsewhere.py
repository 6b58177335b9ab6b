"""Guards what is asked of the department by whoever comes back from another place."""

from __future__ import annotations

import pytest
from turning import Rasa, accept, settle

from bot.conversations.store import Store
from bot.turns.turns import Turns


@pytest.mark.parametrize(
    ("department", "said", "asked"),
    [
        (
            "kansas-city-mo",
            ["la policia de Kansas City Kansas pregunta papeles?", "y la de Overland Park?", "y ustedes"],
            "la policia de Kansas City pregunta papeles?",
        ),
        (
            "kent-wa",
            ["do Seattle police ask about papers?", "and the ones in Renton?", "and Tukwila?", "and you?"],
            "do Kent police ask about papers?",
        ),
    ],
)
async def test_what_was_asked_first_is_asked_of_the_department(
    store: Store, rasa: Rasa, turns: Turns, department: str, said: list[str], asked: str
) -> None:
    conversation = await store.create(department, "web", "en", chosen=False)
    for text in said:
        assert await settle(turns, conversation.id, await accept(store, conversation, text))
    assert rasa.asked == [asked]


async def test_where_nothing_was_asked_of_the_other_place_either_that_is_asked(
    store: Store, rasa: Rasa, turns: Turns
) -> None:
    conversation = await store.create("kent-wa", "web", "en", chosen=False)
    for text in ("what about Seattle police", "and Renton?"):
        reply = await settle(turns, conversation.id, await accept(store, conversation, text))
        assert reply
        assert reply.kind == "no_answer"
    reply = await settle(turns, conversation.id, await accept(store, conversation, "and in Kent?"))
    assert reply
    assert (reply.kind, reply.text) == ("smalltalk", "All right. What would you like to know?")
    assert reply.choices
    assert rasa.asked == []
