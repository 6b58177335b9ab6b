"""Those who write in a language that isn't served are told so in theirs; nobody else is."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from bot.channels.whatsapp.limits import BUTTON
from bot.content.library import Library
from bot.content.yamlfile import ContentError
from bot.examples import nlu_examples, variants
from bot.settings import ROOT
from bot.unserved import UnservedLanguages, words

FILE = ROOT / "data/unserved.yml"
LANGUAGES: Mapping[str, Mapping[str, Any]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))["languages"]
EXPECTED = {
    *("zh-Hans", "zh-Hant", "vi", "ko", "tl", "ar", "so", "uk", "ru", "pa", "ht", "pt", "fr"),
    *("ja", "hi", "am", "fa", "ur", "ps", "sw", "de", "it"),
}
LATIN = sorted(code for code, entry in LANGUAGES.items() if entry["script"] == "Latin")


class Row(NamedTuple):
    """A message and its language."""

    text: str
    language: str


def rows(path: Path) -> list[Row]:
    """The rows of a file of messages or questions."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Row(row["text"], row["language"]) for row in map(json.loads, filter(str.strip, lines))]


MESSAGES = rows(ROOT / "tests/unserved/messages.jsonl")


@pytest.fixture(scope="module")
def served(library: Library) -> list[str]:
    """Everything that Enlace learns from in the served languages."""
    texts = [text for found in variants(library).values() for text in found]
    return texts + [text for pairs in nlu_examples(ROOT / "data").values() for _, text in pairs]


@pytest.fixture(scope="module")
def unserved(library: Library, served: list[str]) -> UnservedLanguages:
    """The languages as the app has them."""
    return UnservedLanguages(FILE, library.languages, words([served]))


def code(unserved: UnservedLanguages, text: str) -> str | None:
    """The code of the language found."""
    found = unserved.detect(text)
    return found.code if found else None


# --- The file ------------------------------------------------------------------------------------------------------


def test_every_language_is_there() -> None:
    assert LANGUAGES.keys() >= EXPECTED


@pytest.mark.parametrize("entry", LANGUAGES.values(), ids=LANGUAGES.keys())
def test_an_entry_says_what_it_has_to(entry: Mapping[str, Any]) -> None:
    assert "911" in entry["sentence"]
    assert "person" in entry["sentence"]
    assert entry["name"]
    assert 0 < len(entry["person"]) <= BUTTON
    assert entry["reviewed_by"] is None or entry["reviewed_by"].strip()
    for text in (entry["sentence"], entry["person"], entry["name"]):
        first = next(char for char in text if char.isalpha())
        assert entry["direction"] == ("rtl" if unicodedata.bidirectional(first) in {"R", "AL"} else "ltr")


@pytest.mark.parametrize("code", LATIN)
def test_latin_writing_has_words(code: str) -> None:
    assert len(LANGUAGES[code]["words"].split()) >= 60
    assert LANGUAGES[code]["alone"]


def test_the_sentences_name_the_languages_that_are_served(library: Library) -> None:
    assert yaml.safe_load(FILE.read_text(encoding="utf-8"))["served"] == list(library.languages)


@pytest.mark.parametrize("expected", LANGUAGES)
def test_a_sentence_is_in_its_language(expected: str) -> None:
    unserved = UnservedLanguages(FILE, ["en", "es"])
    found = unserved.detect(LANGUAGES[expected]["sentence"])
    assert found is not None
    assert (found.code, found.name) == (expected, LANGUAGES[expected]["name"])
    assert (found.sentence, found.person) == (LANGUAGES[expected]["sentence"], LANGUAGES[expected]["person"])


# --- What is found -------------------------------------------------------------------------------------------------


def test_there_are_messages_enough() -> None:
    counts = Counter(row.language for row in MESSAGES)
    assert counts.keys() == LANGUAGES.keys()
    assert min(counts.values()) >= 10
    assert len({row.text for row in MESSAGES}) == len(MESSAGES)


def test_messages_are_found(unserved: UnservedLanguages) -> None:
    missed = [(row, found) for row in MESSAGES if (found := code(unserved, row.text)) != row.language]
    assert len(missed) <= 0.05 * len(MESSAGES), missed
    by_language = Counter(row.language for row, _ in missed)
    assert all(count <= 3 for count in by_language.values()), missed


def test_none_is_taken_for_yet_another_language(unserved: UnservedLanguages) -> None:
    taken = [(row, found) for row in MESSAGES if (found := code(unserved, row.text)) not in {None, row.language}]
    assert taken == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("警察", "zh-Hans"),
        ("报警", "zh-Hans"),
        ("報警", "zh-Hant"),
        ("たすけて", "ja"),
        ("警察を呼んで", "ja"),
        ("경찰", "ko"),
        ("شرطة", "ar"),
        ("پلیس کمک کنید", "fa"),
        ("پولیس کہاں ہے", "ur"),
        ("полиция", "ru"),
        ("поліція", "uk"),
        ("ਪੁਲਿਸ", "pa"),
        ("पुलिस", "hi"),
        ("ፖሊስ", "am"),
        ("bonjour", "fr"),
        ("Bonjour!!", "fr"),
        ("MWEN BEZWEN ED", "ht"),
        ("toi khong biet tieng anh", "vi"),
        ("nao falo ingles preciso de ajuda", "pt"),
        ("não entendo", "pt"),
        (unicodedata.normalize("NFD", "Có ai nói tiếng Việt không?"), "vi"),
    ],
)
def test_writing_and_words_tell_the_language(unserved: UnservedLanguages, text: str, expected: str) -> None:
    assert code(unserved, text) == expected


# --- What is not ---------------------------------------------------------------------------------------------------


def test_what_enlace_learns_from_is_served(unserved: UnservedLanguages, served: list[str]) -> None:
    assert len(served) > 5000
    assert [(text, found) for text in served if (found := code(unserved, text))] == []


def test_questions_are_served_even_if_no_word_were_known() -> None:
    unserved = UnservedLanguages(FILE, ["en", "es"])
    asked = [row for path in sorted((ROOT / "data/calibration").glob("*/*.jsonl")) for row in rows(path)]
    assert len(asked) > 500
    assert [(row, found) for row in asked if (found := code(unserved, row.text))] == []


@pytest.mark.parametrize(
    "text",
    [
        # one foreign word, or a quotation
        "bonjour how are you i need help",
        "hola bonjour me robaron",
        "my boss is from vietnam and says xin chao every day",
        "mi vecino me dijo 你好",
        "please help, my husband shouts 你好 at me",
        "my name is Мария and i was robbed",
        # names
        "me llamo Maria Dos Santos Da Silva",
        "mi nombre es Gianluca",
        "officer Nguyễn stopped my car yesterday",
        "i live on Von der Heide street in kent",
        # near in sound or spelling
        "ola",
        "ola buenas tardes",
        "oi un ruido en la casa",
        "toi asustado",
        "eske me robaron el carro",
        "nome dejan salir del trabajo",
        "quando puedo reportar",
        "pwede la polisia preguntarme mis papeles",
        "me transfere con un ajente",
        "chao",
        "ciao",
        "necesito ajuda porfavor",
        "kiero aser una denunsia anonima",
        "ke ago si biene la migra ami casa",
        "wat do i do if da police ask me 4 papers",
        "imma call dem rn my man hit me",
        # nothing to go by
        "ICE",
        "Kent WA",
        "asdf jkl qwe",
        "jajaja xxx",
        "👍",
        "12:30",
        "¿?",
        " ",
        "",
        "[phone]",
    ],
)
def test_these_are_not_taken_for_another_language(unserved: UnservedLanguages, text: str) -> None:
    assert unserved.detect(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("我要报警 please help", "zh-Hans"),
        ("ICE Kent police 你们合作吗", "zh-Hans"),
        ("ICE랑 같이 일하나요", "ko"),
        ("вы сотрудничаете с ICE", "ru"),
        ("打电话给我 [phone]", "zh-Hans"),
    ],
)
def test_in_a_mixture_the_writing_that_says_most_decides(unserved: UnservedLanguages, text: str, expected: str) -> None:
    assert code(unserved, text) == expected


def test_a_writing_that_is_not_in_the_file_is_left_alone(unserved: UnservedLanguages) -> None:
    assert unserved.detect("สวัสดี") is None


# --- A language that becomes served --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("served", "mine"),
    [("pt", {"pt"}), ("zh", {"zh-Hans", "zh-Hant"}), ("ar", {"ar"}), ("ru", {"ru"}), ("vi", {"vi"})],
)
def test_a_language_that_is_served_is_no_longer_found(served: str, mine: set[str]) -> None:
    unserved = UnservedLanguages(FILE, ["en", "es", served])
    for row in MESSAGES:
        found = code(unserved, row.text)
        if row.language in mine:
            assert found is None, row
        assert found not in mine, row


def test_words_of_the_served_languages_speak_against() -> None:
    text = "zonk ajude blip"
    assert code(UnservedLanguages(FILE, ["en", "es"], ["zonk", "blip"]), text) is None
    text = "minha filha"
    assert code(UnservedLanguages(FILE, ["en", "es"]), text) == "pt"
    assert code(UnservedLanguages(FILE, ["en", "es"], ["MINHA", "Filha"]), text) is None


def test_words_are_compared_without_case_and_accents() -> None:
    assert words([["¿Qué PASÓ?", "it's"], ["niño"]]) == {"que", "paso", "it", "s", "nino"}


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="no such file"):
        UnservedLanguages(tmp_path / "unserved.yml", ["en", "es"])
