"""A reply is in the resident's language, and only a clear change of language moves a conversation."""

from __future__ import annotations

import functools
import json
from typing import NamedTuple

import pytest
from real_content import real

from bot.content.library import Library
from bot.content.names import names
from bot.examples import by_language
from bot.language import LanguageDetector
from bot.settings import ROOT

PHRASES = {
    "es": """
        hola|buenas|buenos dias|que tal|gracias|adios|ayuda|ayudame|necesito ayuda|me robaron|me asaltaron
        la migra|tengo miedo|llameme|quiero reportar|vi un robo|sin nombre|testigo|denuncia|recompensa
        pasaporte|policia|en español|no tengo papeles|soy victima|mi esposo me pega|donde esta la junta
        """,
    "en": """
        hello|hi|good morning|thanks|goodbye|help|help me|call me|report crime|i was robbed|stolen car
        my car|im scared|witness|reward|passport|anonymous tip|tip|police|arrest|detainer hold|who are you
        in english|spanish please|no papers|do you ask for papers|is there a meeting
        """,
}
SHORT = [
    (phrase.strip(), language)
    for language, block in PHRASES.items()
    for line in block.strip().splitlines()
    for phrase in line.split("|")
]
BARE = [
    "ok",
    "OK!",
    "okay",
    "no",
    "No.",
    "no no",
    "si",
    "sí",
    "Sí.",
    "yes",
    "ICE",
    "ice?",
    "911",
    "12:30",
    "👍",
    "?",
    " ",
    "visa",
    "green card",
]


class Row(NamedTuple):
    """One calibration question."""

    text: str
    language: str


@pytest.fixture(scope="module")
def detector() -> LanguageDetector:
    """The detector as the app builds it: from the variants and the training examples."""
    detector = build(real())
    # The same texts are asked about with each default.
    detector.scores = functools.cache(detector.scores)  # type: ignore[method-assign]
    return detector


def build(library: Library) -> LanguageDetector:
    """A detector from the real content."""
    return LanguageDetector(by_language(ROOT / "data", library), names(library))


# Keyboard noise has no language.
GIBBERISH = {"sdfg hhh 0000", "mmmm kkkk", "hjkl hjkl", "qqqq pppp", "asdkjh qwe lkj", "jajaja xxx ñlkj", "lkj lkj poi"}


def calibration() -> list[Row]:
    """The calibration questions; none of them is a variant or a training example."""
    rows = []
    for path in sorted((ROOT / "data/calibration").glob("*/*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            # Gibberish is in no language.
            if row["text"] not in GIBBERISH and row.get("sort") != "gibberish":
                rows.append(Row(row["text"], row["language"]))
    languages: dict[str, set[str]] = {}
    for row in rows:
        languages.setdefault(row.text, set()).add(row.language)
    return [row for row in rows if len(languages[row.text]) == 1]


def test_there_are_phrases_enough() -> None:
    assert len(SHORT) >= 36
    assert {language for _, language in SHORT} == {"en", "es"}


@pytest.mark.parametrize(("phrase", "language"), SHORT)
def test_the_first_words_of_a_conversation_set_its_language(
    detector: LanguageDetector, phrase: str, language: str
) -> None:
    for default in ("en", "es"):
        assert detector.decide(phrase, default, chosen=False, first=True) == language
        assert detector.decide(phrase.upper() + "!!", default, chosen=False, first=True) == language


@pytest.mark.parametrize("current", ["en", "es"])
@pytest.mark.parametrize("token", BARE)
def test_a_bare_token_moves_nothing(detector: LanguageDetector, token: str, current: str) -> None:
    assert detector.decide(token, current, chosen=False, first=False) == current
    assert detector.decide(token, current, chosen=False, first=True) == current


@pytest.mark.parametrize(("text", "current"), [("¿Me van a preguntar por mis papeles?", "en"), ("hello there", "es")])
@pytest.mark.parametrize("first", [True, False])
def test_a_chosen_language_is_never_moved(detector: LanguageDetector, text: str, current: str, first: bool) -> None:
    assert detector.decide(text, current, chosen=True, first=first) == current


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("¿Me van a preguntar por mis papeles si denuncio un robo?", "es"),
        ("quiero reportar que me robaron la troca anoche", "es"),
        ("Will you ask for my papers if I report a robbery?", "en"),
        ("somebody stole my truck last night and i want to report it", "en"),
    ],
)
def test_a_clear_change_in_the_middle_moves_the_conversation(
    detector: LanguageDetector, text: str, language: str
) -> None:
    other = {"en": "es", "es": "en"}[language]
    assert detector.decide(text, other, chosen=False, first=False) == language
    assert detector.decide(text, language, chosen=False, first=False) == language


@pytest.mark.parametrize("text", ["y?", "ya", "me", "legal", "normal", "social", "info", "k?", "i aora", "i si no"])
@pytest.mark.parametrize("current", ["en", "es"])
def test_two_letters_do_not_move_a_conversation(detector: LanguageDetector, text: str, current: str) -> None:
    assert detector.decide(text, current, chosen=False, first=False) == current


@pytest.mark.parametrize(
    ("text", "language"),
    [("gracias", "es"), ("por favor", "es"), ("no entiendo nada", "es"), ("thanks", "en"), ("please help me", "en")],
)
def test_few_clear_words_do(detector: LanguageDetector, text: str, language: str) -> None:
    other = {"en": "es", "es": "en"}[language]
    assert detector.decide(text, other, chosen=False, first=False) == language


NAMES = ["Kent", "KCPD", "Hope City", "Roeland Park", "Los Angeles", "Los Ángeles", "kansas city", "Kent, Washington"]


@pytest.mark.parametrize("current", ["en", "es"])
@pytest.mark.parametrize("text", NAMES)
def test_a_name_does_not_move_a_conversation(detector: LanguageDetector, text: str, current: str) -> None:
    assert detector.decide(text, current, chosen=False, first=False) == current
    assert detector.decide(f"{text.upper()}?", current, chosen=False, first=True) == current


@pytest.mark.parametrize("name", NAMES)
def test_the_words_around_a_name_still_count(detector: LanguageDetector, name: str) -> None:
    """A name is left out of the count, and nothing else: the words of a name may be words of a language."""
    assert detector.decide(f"los robos en {name} me dan miedo", "en", chosen=False, first=False) == "es"
    assert detector.decide(f"who are the robbers from {name}", "es", chosen=False, first=False) == "en"


@pytest.mark.parametrize(("least", "words"), [(0.99, range(4, 200)), (0.95, range(1, 4))], ids=["long", "short"])
@pytest.mark.parametrize("default", ["en", "es"])
def test_the_language_of_unseen_questions(detector: LanguageDetector, least: float, words: range, default: str) -> None:
    rows = [row for row in calibration() if len(row.text.split()) in words]
    assert len(rows) >= 40
    wrong = [row for row in rows if detector.decide(row.text, default, chosen=False, first=True) != row.language]
    assert 1 - len(wrong) / len(rows) >= least, wrong


def test_a_decision_is_the_same_on_every_run() -> None:
    texts = [row.text for row in calibration()[::7]]
    one, again = build(real()), build(real())
    for text in texts:
        # Apart from the order in which the detectors add up their parts, the last digit of a score.
        once = pytest.approx(one.scores(text), abs=1e-6)
        assert one.scores(text) == once
        assert again.scores(text) == once
