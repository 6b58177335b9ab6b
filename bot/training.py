"""`enlace train`: one model for Rasa, made again only when something it depends on has changed."""

from __future__ import annotations

import contextlib
import fcntl
import gzip
import hashlib
import json
import logging
import subprocess
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from bot.content.documents import fold
from bot.content.library import Library, Variant
from bot.content.yamlfile import read_data
from bot.encoder import MAX_CHARS, Encodes, encoder_name
from bot.evaluation.questions import Question, read_questions
from bot.rasa import environment
from bot.replies import REPORT_DANGER
from bot.retrieval import hashed
from bot.retrieval.cache import Progress, VectorCache
from bot.retrieval.index import Index
from bot.retrieval.learning import Examples, build_index
from bot.safety.net import Examples as SafetyExamples
from bot.safety.net import SafetyNet, build_net, read_examples
from bot.settings import ROOT, Settings

log = logging.getLogger(__name__)
_PIECE = 2**20
_NEEDED_GIB = 13


class TrainingError(Exception):
    """Training failed; the message says what to do."""


_FAQ = 6000
"""How many question variants Rasa learns from at most: which topic a question is about, search knows. Of all 15,600 it
knew 4 % less of the small talk, and took three times as long."""
_NEAR_TOPICS = frozenset({"faq", "guide_report", "ask_person", "change_language"})
"""Intents whose examples are close to a topic or need one; those of others are outside of every department's text."""


def nlu_examples(data_dir: Path) -> dict[str, list[tuple[str, str]]]:
    """The training examples of data/nlu by language: (intent, text)."""
    examples: dict[str, list[tuple[str, str]]] = {}
    for path in sorted((data_dir / "nlu").glob("*/*.yml")):
        for entry in read_data(path)["nlu"]:
            texts = [line.removeprefix("- ").strip() for line in entry["examples"].splitlines() if line.strip()]
            examples.setdefault(path.parent.name, []).extend((entry["intent"], text) for text in texts)
    return examples


def variants(library: Library) -> dict[str, list[str]]:
    """Every question variant by language: the examples of the intent `faq`."""
    found: dict[str, list[str]] = {}
    for variant in library.variants():
        found.setdefault(variant.language, []).append(variant.text)
    return found


def fingerprint(settings: Settings, library: Library) -> str:
    """A hash over everything that the model depends on."""
    digest = hashlib.sha256(encoder_name(settings.encoder_model).encode())
    paths = [ROOT / "config.yml", ROOT / "domain.yml", ROOT / "requirements/rasa.txt"]
    paths += sorted((ROOT / "bot/nlu").glob("*.py"))
    paths += sorted((settings.data_dir / "rules").glob("*.yml")) + sorted((settings.data_dir / "nlu").glob("*/*.yml"))
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    for text in _faq(library):
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()[:16]


def _faq(library: Library) -> list[str]:
    """Variants of every topic, once each, as many as Rasa needs to know a question from small talk."""
    texts = list(dict.fromkeys(" ".join(text.split()) for texts in variants(library).values() for text in texts))
    return texts[:: -(-len(texts) // _FAQ)]


def model_path(settings: Settings, library: Library) -> Path:
    """Where the model for the present data is, or will be."""
    return settings.cache_dir / "models" / f"enlace-{fingerprint(settings, library)}.tar.gz"


def vector_cache(settings: Settings, encoder: Callable[[], Encodes]) -> VectorCache:
    """The cache of vectors that training and search share."""
    return VectorCache(settings.cache_dir / "vectors", encoder_name(settings.encoder_model), encoder)


def calibration_questions(data_dir: Path) -> list[Question]:
    """The questions of data/calibration that stand alone, and are put to search."""
    questions = read_questions([data_dir / "calibration"])
    return [each for each in questions if each.expect.kind in {"answer", "no_answer"} and not each.before]


def follow_ups(data_dir: Path) -> list[Question]:
    """The follow-ups of data/calibration, each with the question before it."""
    return read_questions([data_dir / "calibration" / "follow_ups.jsonl"])


def asked(data_dir: Path) -> list[Question]:
    """The questions of data/calibration that search and the safety net learn from: both of the above."""
    return [*calibration_questions(data_dir), *follow_ups(data_dir)]


def learned_text(question: Question) -> str:
    """A question of data/calibration as search learns it."""
    return fold(question.text[:MAX_CHARS])


def search_examples(settings: Settings, library: Library, questions: Sequence[Question]) -> Examples:
    """What search learns from: the variants, the examples of data/nlu, and `questions` of data/calibration.

    Of follow-ups it learns what those say by themselves that are about a topic, if they say anything.
    """
    variants = list(library.variants())
    outside = [
        text
        for pairs in nlu_examples(settings.data_dir).values()
        for intent, text in pairs
        if intent not in _NEAR_TOPICS
    ]
    elsewhere = []
    for question in questions:
        text = learned_text(question)
        topic = question.expect.topic or next(iter(question.expect.topics), None)
        if not question.alone:
            continue
        if topic in library.departments[question.department].answers:
            variants.append(Variant(question.department, topic, question.language, text))
        elif question.before:
            continue
        elif question.sort and question.sort != "other-department":
            outside.append(text)
        elif not question.topics:
            elsewhere.append(text)
    return Examples(variants, outside, elsewhere)


def tuning_examples(
    settings: Settings, library: Library
) -> tuple[Examples, SafetyExamples, Sequence[tuple[str, str]], Sequence[tuple[str, str]]]:
    """What the encoder is tuned to: what search, the net and Rasa learn from but for data/calibration, and data/tuning.

    The last two are messages and their intents (intent, text), and the same message in one language and another.
    """
    search, danger = search_examples(settings, library, []), safety_examples(settings, library)
    folder = settings.data_dir / "tuning"
    outside = [json.loads(line)["text"] for line in (folder / "outside.jsonl").read_text(encoding="utf-8").splitlines()]
    pairs = [json.loads(line) for line in (folder / "pairs.jsonl").read_text(encoding="utf-8").splitlines()]
    more = read_examples(folder, [])
    return (
        replace(search, outside=[*search.outside, *outside]),
        replace(danger, danger=[*danger.danger, *more.danger], near_misses=[*danger.near_misses, *more.near_misses]),
        [example for examples in nlu_examples(settings.data_dir).values() for example in examples],
        [(pair["es"], pair["en"]) for pair in pairs],
    )


def search_index(settings: Settings, library: Library, cache: VectorCache, progress: Progress | None = None) -> Index:
    """The index of the present content, built if it isn't there."""
    examples = search_examples(settings, library, asked(settings.data_dir))
    return build_index(library, examples, cache, settings.cache_dir / "index", progress)


def safety_examples(settings: Settings, library: Library) -> SafetyExamples:
    """What the safety net learns from: data/safety, and everything else that is said, which is no danger."""
    # What to do in danger is asked in the very words of danger: those questions are left to the examples.
    questions = [variant.text for variant in library.variants() if variant.topic != REPORT_DANGER]
    questions += [learned_text(each) for each in asked(settings.data_dir) if REPORT_DANGER not in each.topics]
    said = [text for pairs in nlu_examples(settings.data_dir).values() for _, text in pairs]
    return read_examples(settings.data_dir / "safety", [*questions, *said])


def safety_net(settings: Settings, library: Library, cache: VectorCache, progress: Progress | None = None) -> SafetyNet:
    """The net under the safety rules, built if it isn't there."""
    return build_net(safety_examples(settings, library), cache, settings.cache_dir / "index", progress)


def train(settings: Settings, library: Library, cache: VectorCache, progress: Progress | None = None) -> Path:
    """Train Rasa if the model for the present data isn't there, and return it; raises TrainingError.

    While Rasa trains, the search index and the safety net are built, each if it isn't there.
    """
    path = model_path(settings, library)
    if whole(path):
        return path
    # Two that train would write the same files.
    with hashed.alone(settings.cache_dir / "training.lock", "another training is running; waiting for its end"):
        if warning := scarce():
            log.warning("%s", warning)
        return path if whole(path) else _train(settings, library, path, cache, progress)


def scarce(meminfo: Path = Path("/proc/meminfo"), limit: Path = Path("/sys/fs/cgroup/memory.max")) -> str | None:
    """A warning where less memory is there than training takes, by the system and by this process's cgroup."""
    try:
        words = dict(line.split(":") for line in meminfo.read_text(encoding="ascii").splitlines())
        there = int(words["MemAvailable"].split()[0]) / 2**20
        if (most := limit.read_text(encoding="ascii").strip() if limit.exists() else "max") != "max":
            there = min(there, int(most) / 2**30)
    except (OSError, ValueError, KeyError):  # not Linux
        return None
    if there >= _NEEDED_GIB:
        return None
    return f"training takes up to {_NEEDED_GIB} GB of memory, and {there:.1f} are free: the system may end it"


def whole(path: Path) -> bool:
    """Whether a model is there and undamaged (gzip's checksum); takes a tenth of a second. A damaged one is logged."""
    try:
        with gzip.open(path) as file:
            if not file.read(_PIECE):
                raise EOFError("it is empty")
            while file.read(_PIECE):
                pass
    except FileNotFoundError:
        return False
    except (OSError, EOFError, zlib.error) as error:
        log.warning("%s is damaged (%s); making it anew", path.name, error)
        return False
    return True


@contextlib.contextmanager
def in_use(model: Path) -> Iterator[None]:
    """Keep a model from being deleted, as long as this process lives: Rasa needs it again when it is started again."""
    with model.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


def delete_others(path: Path) -> None:
    """Delete all models but this one and those in use."""
    for old in path.parent.glob("*.tar.gz"):
        if old != path:
            with old.open("rb") as file, contextlib.suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                old.unlink(missing_ok=True)


def _train(settings: Settings, library: Library, path: Path, cache: VectorCache, progress: Progress | None) -> Path:
    faq_file = write_faq(settings, library)
    folder = faq_file.parent
    others = [text for examples in nlu_examples(settings.data_dir).values() for _, text in examples]
    texts = sorted({*_faq(library), *others})
    np.savez(folder / "vectors.npz", texts=np.array(texts), vectors=cache.queries(texts, progress))
    with ThreadPoolExecutor(1) as rasa:
        # Rasa's process keeps one core busy; the index is built on the other meanwhile.
        trained = rasa.submit(_run_rasa, settings, folder, path)
        search_index(settings, library, cache, progress)
        safety_net(settings, library, cache, progress)
        trained.result()
    delete_others(path)
    return path


def write_faq(settings: Settings, library: Library) -> Path:
    """Write the variants as Rasa's training examples of the intent `faq`, and return the file."""
    path = settings.cache_dir / "train" / "faq.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    examples = "".join(f"      - {text}\n" for text in _faq(library))
    path.write_text(f"version: '3.1'\nnlu:\n  - intent: faq\n    examples: |\n{examples}", encoding="utf-8")
    return path


def _run_rasa(settings: Settings, folder: Path, path: Path) -> None:
    if not settings.rasa_python.exists():
        raise TrainingError(f"there is no {settings.rasa_python}: run `make setup`")
    data = (settings.data_dir / "nlu", settings.data_dir / "rules", folder / "faq.yml")
    made = folder / path.name
    command = [
        *(str(settings.rasa_python), "-m", "bot.nlu.command", "train"),
        *("--config", "config.yml", "--domain", "domain.yml", "--data", *map(str, data)),
        "--skip-validation",  # tests/nlu does it; here it takes longer than to learn
        "--force",  # there is no cache (bot/rasa.py), and to look for one takes seconds
        *("--out", str(folder), "--fixed-model-name", path.name.removesuffix(".tar.gz")),
    ]
    env = environment(ENLACE_VECTORS=str(folder / "vectors.npz"))
    result = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    if result.returncode != 0 or not made.exists():
        output = (result.stdout + result.stderr).strip().splitlines()[-25:]
        raise TrainingError("\n".join(["rasa train failed:", *output]))
    path.parent.mkdir(parents=True, exist_ok=True)
    made.replace(path)  # whole, or not there at all
