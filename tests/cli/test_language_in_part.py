"""A language that is served in part: what people have written in it is shown in it, and else the original."""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml
from portuguese import ANSWER, EXCEPTIONS, KENT, LABEL, TOPIC, TRANSLATED, VARIANTS, add, change, run

from bot.content.coverage import coverage
from bot.content.library import Library, inspect
from bot.content.names import names
from bot.examples import by_language, nlu_examples, variants
from bot.i18n import Catalogs
from bot.language import LanguageDetector
from bot.rendering.renderer import Renderer
from bot.replies import PERSON, Reply, Say, topic_choice
from bot.settings import ROOT, Settings
from bot.unserved import UnservedLanguages

OTHER = "detainers"
PORTUGUESE = """
    bom dia|boa tarde|obrigada|preciso de ajuda por favor|fui assaltado ontem à noite|roubaram meu carro|estou com medo
    não tenho documentos|nao falo ingles|onde fica a delegacia de polícia|sou testemunha de um roubo
    vocês falam português|o policial levou meu irmão
    vocês chamam a imigração se eu fizer uma denúncia|posso denunciar sem dar meu nome|quem vai ler esta conversa
    minha vizinha foi assaltada e ela tem medo de falar com a polícia|quanto tempo eu tenho para fazer a denúncia
    o que acontece se eu não quiser responder|vi o que aconteceu mas não quero dar o meu nome
    meu patrão não me paga e diz que vai ligar para a imigração|sou brasileiro e preciso de um intérprete
    a policia vai me perguntar de onde eu sou
"""


@pytest.fixture(scope="module")
def library(portuguese: Path) -> Library:
    """The content with Portuguese; the check finds nothing wrong in it."""
    library, problems = inspect(portuguese / "data")
    assert problems == []
    return library


@pytest.fixture(scope="module")
def renderer(portuguese: Path, library: Library) -> Renderer:
    """Says things in the three languages."""
    return Renderer(library, Catalogs(portuguese / "locales", library.languages))


def detector(data: Path, library: Library) -> LanguageDetector:
    """The detector as the app builds it."""
    detector = LanguageDetector(by_language(data, library), names(library))
    # The same texts are asked about with each default.
    detector.scores = functools.cache(detector.scores)  # type: ignore[method-assign]
    return detector


def test_the_examples_begin_empty_for_every_intent(portuguese: Path) -> None:
    for path in sorted((portuguese / "data/nlu/en").glob("*.yml")):
        english, new = (
            yaml.safe_load((path.parents[1] / code / path.name).read_text(encoding="utf-8")) for code in ("en", "pt")
        )
        assert new["nlu"] == [{"intent": entry["intent"], "examples": ""} for entry in english["nlu"]]
    examples = nlu_examples(portuguese / "data")
    assert examples["pt"] == []
    assert len(examples["en"]) > 100


@pytest.mark.rasa
def test_rasa_reads_the_empty_examples(portuguese: Path, tmp_path: Path) -> None:
    script = """
import sys, warnings
warnings.simplefilter("ignore")
from rasa.shared.importers.rasa import RasaFileImporter
for folders in (sys.argv[1:3], sys.argv[1:]):
    importer = RasaFileImporter(training_data_paths=folders)
    print("intents:", *sorted(importer.get_nlu_data().intents))
"""
    folders = [str(portuguese / "data/nlu" / language) for language in ("en", "es", "pt")]
    command = [str(Settings().rasa_python), "-c", script, *folders]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    without, with_it = (line for line in done.stdout.splitlines() if line.startswith("intents:"))
    assert without == with_it
    assert "greet" in without


def test_the_check_of_the_content_passes_with_and_without_a_text_in_it(project: Path, portuguese: Path) -> None:
    add(project, "pt")
    for folder in (project, portuguese):
        done = run("content", "check", "--root", str(folder / "data"))
        assert (done.exit_code, done.stdout) == (0, "content: no problem found\n")


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda data: data["variants"]["pt"].pop(), "fewer than 8 variants in 'pt'"),
        (lambda data: data["exceptions"][0]["text"].pop("pt"), "exception without a text in 'pt'"),
    ],
)
def test_a_topic_that_has_an_answer_in_it_has_to_have_all_of_it(
    portuguese: Path, tmp_path: Path, edit: Callable[[Any], None], said: str
) -> None:
    """What limits an answer must not be lost where only the rest is translated."""
    data = shutil.copytree(portuguese / "data", tmp_path / "data")
    change(data / "faq" / KENT / "answers" / f"{TOPIC}.yml", edit)
    (problem,) = inspect(data)[1]
    assert said in str(problem)


def test_questions_in_it_are_learned_where_there_is_no_answer_in_it(portuguese: Path, tmp_path: Path) -> None:
    data = shutil.copytree(portuguese / "data", tmp_path / "data")
    change(
        data / "faq" / KENT / "answers" / f"{OTHER}.yml", lambda content: content["variants"].update(pt=["detenção"])
    )
    library, problems = inspect(data)
    assert problems == []
    assert variants(library)["pt"] == [*VARIANTS, "detenção"]


def test_coverage_counts_it(portuguese: Path, library: Library) -> None:
    rows = {row.department: row for row in coverage(library) if row.language == "pt"}
    assert rows.keys() == library.departments.keys()
    kent = rows.pop(KENT)
    assert (kent.usable, kent.complete, kent.variants, kent.translated) == (1, 1, len(VARIANTS), 0)
    assert kent.topics == len(library.departments[KENT].answers)
    assert {(row.usable, row.complete, row.variants) for row in rows.values()} == {(0, 0, 0)}
    done = run("content", "coverage", "--json", "--department", KENT, "--root", str(portuguese / "data"))
    printed = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["language"], row["usable"]) for row in printed][-1] == ("pt", 1)


def test_the_catalog_speaks_it_and_falls_back_to_english(portuguese: Path, library: Library) -> None:
    catalogs = Catalogs(portuguese / "locales", library.languages)
    for message, text in TRANSLATED.items():
        assert catalogs.gettext("pt", message, limit=400) == text.replace("%(limit)s", "400")
    assert catalogs.gettext("pt", "Guide me") == "Guide me"
    assert catalogs.gettext("es", "Yes") == "Sí"
    assert catalogs.negotiate("pt-BR,pt;q=0.9,en;q=0.8", "en") == "pt"


def answer(renderer: Renderer, topic: str, language: str) -> Reply:
    """Kent's answer to a topic."""
    return renderer.render([Say(say="answer", topic=topic, confidence=0.9)], KENT, language)


def test_an_answer_in_it_is_shown_in_it_with_its_exception_and_the_published_words(renderer: Renderer) -> None:
    reply, english = answer(renderer, TOPIC, "pt"), answer(renderer, TOPIC, "en")
    assert (reply.kind, reply.language, reply.topic) == ("answer", "pt", TOPIC)
    assert reply.text == "\n".join([f"{ANSWER}\n\nExceções e limites:", *(f"• {each}" for each in EXCEPTIONS)])
    assert reply.citations
    assert [citation.quote for citation in reply.citations] == [citation.quote for citation in english.citations]
    assert {citation.translation for citation in reply.citations} == {None}
    assert {choice.send: choice.label for choice in reply.choices}[PERSON] == "Falar com uma pessoa"
    # The other topics' labels have not been written yet.
    assert [choice.label for choice in reply.choices[:-1]] == [choice.label for choice in english.choices[:-1]]


def test_where_there_is_no_answer_in_it_the_original_is_shown(renderer: Renderer) -> None:
    assert answer(renderer, OTHER, "pt") == answer(renderer, OTHER, "en")


def test_a_label_is_in_it_where_there_is_one(renderer: Renderer, library: Library) -> None:
    assert renderer.labels.of(KENT, "pt", topic_choice(TOPIC)) == LABEL
    assert renderer.labels.of(KENT, "pt", topic_choice(OTHER)) == library.topics[OTHER].label["en"]
    assert renderer.labels.of(KENT, "es", topic_choice(TOPIC)) == library.topics[TOPIC].label["es"]


# --- Telling it from the others ----------------------------------------------------------------------------------


def found(detector: LanguageDetector, texts: Iterable[str], language: str) -> float:
    """The share of `texts` that are taken to be in `language`, whatever the default is."""
    decisions = [
        detector.decide(text, default, chosen=False, first=True) == language
        for text in texts
        for default in detector.languages
    ]
    return sum(decisions) / len(decisions)


def calibration(language: str) -> list[str]:
    """Questions of four words or more, none of them a variant or a training example."""
    rows = [
        json.loads(line)
        for path in sorted((ROOT / "data/calibration" / language).glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    texts = [row["text"] for row in rows if row["language"] == language and len(row["text"].split()) >= 4]
    return texts[::3]


@pytest.mark.parametrize(("written", "least"), [(True, 0.85), (False, 0.7)], ids=["eight examples", "no example"])
def test_it_is_told_from_the_others_and_they_from_it(
    project: Path, portuguese: Path, written: bool, least: float
) -> None:
    folder = portuguese if written else project
    if not written:
        add(folder, "pt")
    three = detector(folder / "data", inspect(folder / "data")[0])
    assert three.languages == ["en", "es", "pt"]
    texts = [text.strip() for line in PORTUGUESE.splitlines() for text in line.split("|") if text.strip()]
    assert len(texts) >= 20
    assert not set(texts) & set(VARIANTS)
    assert found(three, texts, "pt") >= least
    for language in ("en", "es"):
        assert found(three, calibration(language), language) >= 0.99
    for text, language in [("hola", "es"), ("tengo miedo", "es"), ("hello", "en"), ("i was robbed", "en")]:
        assert found(three, [text], language) == 1
    assert found(three, ["bom dia"], "pt") == 1


def test_it_is_no_longer_one_of_the_languages_that_are_not_served(portuguese: Path, library: Library) -> None:
    path, text = portuguese / "data/unserved.yml", "não falo inglês, preciso de ajuda"
    before = UnservedLanguages(path, ["en", "es"]).detect(text)
    assert before is not None
    assert before.code == "pt"
    after = UnservedLanguages(path, library.languages)
    assert [found for text in (*VARIANTS, text) if (found := after.detect(text))] == []
