"""What other systems put first, on a text small enough to tell what is right, and the one rule that judges them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.content.library import Library
from bot.evaluation.peer_names import PEERS
from bot.evaluation.peers import (
    First,
    Passage,
    PeerError,
    compared,
    enlace_first,
    find_peers,
    load_peer,
    passages,
    rasa_stock,
    right_first,
)
from bot.settings import Settings

if TYPE_CHECKING:
    from small_content import Content

    from tests.evaluation.conftest import Ask

VICTIMS = Passage("rules", "asking", "Victims are never asked.")
SPANISH = Passage("rules", "speaking", "Every officer speaks Spanish.")


def test_passages_are_the_published_sentences(library: Library) -> None:
    found = passages(library.departments["small-town"])
    assert [each.text for each in found][:1] == ["Rules of the town"]
    assert len(found) == 5
    assert found[2] == VICTIMS
    assert found[4] == SPANISH


def test_an_unknown_name_is_told_the_known_ones() -> None:
    assert find_peers("bm25, use,bm25") == ["bm25", "use"]
    with pytest.raises(PeerError, match=r"'elastic'.*bm25, dense, use, rasa"):
        find_peers("bm25,elastic")


def test_only_questions_that_every_system_can_answer_are_compared(ask: Ask) -> None:
    assert compared(ask.question())
    assert not compared(ask.question(before=["and in Spanish?"]))
    assert not compared(ask.question("report-danger-now"))
    assert not compared(ask.question(None, "no_answer"))


def test_one_rule_for_every_system(library: Library, ask: Ask) -> None:
    asking = ask.question("asking")
    assert right_first(library, asking, First(1, None, "asking"))
    assert right_first(library, asking, First(1, VICTIMS))  # the topic quotes it among more
    assert not right_first(library, asking, First(1, SPANISH, "language"))
    assert not right_first(library, asking, First(1, Passage("rules", "asking", "Rules of the town")))
    assert not right_first(library, asking, First(0, None))
    words = ask.question("asking", quote=["speaks Spanish"])
    assert right_first(library, words, First(1, SPANISH, "language"))
    # The same words elsewhere are another place.
    assert not right_first(library, asking, First(1, Passage("rules", "speaking", VICTIMS.text)))


def test_enlace_is_judged_by_its_first_citation(library: Library, ask: Ask) -> None:
    answered = enlace_first(ask.reply(topic="language"))
    assert (answered.topic, answered.passage) == ("language", SPANISH)
    assert right_first(library, ask.question("language"), answered)
    assert not right_first(library, ask.question("asking"), answered)
    # Offering the right topic is not answering.
    offered = enlace_first(ask.reply("clarify", topics=["asking", "language"]))
    assert not right_first(library, ask.question("asking"), offered)


def test_bm25_goes_by_words_in_common(library: Library, ask: Ask) -> None:
    questions = [
        ask.question(text="are VICTIMS asked?"),
        ask.question(text="¿Spanish?", language="es"),
        ask.question(text="¿le preguntan a las víctimas?", language="es"),
    ]
    found = load_peer("bm25")(library, Settings(), questions)
    # No word of the third stands in the English text.
    assert [each.passage for each in found] == [VICTIMS, SPANISH, None]
    assert found[0].score > 0
    assert found[2].score == 0


@pytest.mark.model
@pytest.mark.timeout(600)  # it may be the first to load the encoder, on a busy machine
@pytest.mark.parametrize("name", ["dense", "use"])
def test_vectors_find_the_sentence_in_either_language(name: str, library: Library, ask: Ask, content: Content) -> None:
    questions = [
        ask.question(text="do your officers speak Spanish?"),
        ask.question(text="¿los agentes hablan español?", language="es"),
        ask.question(text="are victims ever asked?"),
    ]
    found = load_peer(name)(library, Settings(cache_dir=content.root / "cache"), questions)
    assert [each.passage for each in found] == [SPANISH, SPANISH, VICTIMS]
    assert all(-1 <= each.score <= 1 for each in found)


@pytest.mark.rasa
@pytest.mark.timeout(900)
def test_stock_rasa_answers_with_a_topic_and_its_model_is_kept(library: Library, ask: Ask, content: Content) -> None:
    greet = "version: '3.1'\nnlu:\n  - intent: greet\n    examples: |\n      - hello there\n      - good morning\n"
    content.root.joinpath("nlu/en").mkdir(parents=True)
    content.root.joinpath("nlu/en/greet.yml").write_text(greet, encoding="utf-8")
    settings = Settings(data_dir=content.root, cache_dir=content.root / "cache")
    variants = library.departments["small-town"].answers["language"].variants
    questions = [ask.question("language", text=text) for texts in variants.values() for text in texts]
    found = load_peer("rasa")(library, settings, questions)
    assert {each.topic for each in found} <= {"asking", "language"}
    assert sum(each.topic == "language" for each in found) > len(questions) / 2
    assert next(each for each in found if each.topic == "language").passage == SPANISH
    # The model of these variants is kept, and nothing else; other variants would need another.
    model = rasa_stock.model_path(library, settings)
    assert [*model.parent.iterdir()] == [model]
    content.root.joinpath("nlu/en/greet.yml").write_text(greet + "      - good evening\n", encoding="utf-8")
    assert rasa_stock.model_path(library, settings) != model


def test_rasa_that_is_not_set_up_is_said_so(library: Library, ask: Ask, content: Content) -> None:
    settings = Settings(rasa_python=content.root / "no-python", cache_dir=content.root / "cache", data_dir=content.root)
    with pytest.raises(PeerError, match=r"no-python: run `make setup`"):
        load_peer("rasa")(library, settings, [ask.question()])


def test_every_peer_can_be_loaded() -> None:
    assert find_peers(",".join(PEERS)) == list(PEERS)
