"""`enlace train`: one model for Rasa, made again only when something it depends on has changed."""

from __future__ import annotations

import contextlib
import fcntl
import gzip
import hashlib
import logging
import subprocess
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

import numpy as np

from bot.content.library import Library
from bot.encoder import Encodes, encoder_name
from bot.examples import asked, safety_examples, said, search_examples, variants
from bot.problems import StartError
from bot.rasa import environment
from bot.retrieval import hashed
from bot.retrieval.cache import Progress, VectorCache, made_by
from bot.retrieval.index import Index
from bot.retrieval.learning import build_index, passages
from bot.safety.net import SafetyNet, build_net
from bot.settings import ROOT, Settings

log = logging.getLogger(__name__)
_PIECE = 2**20
_NEEDED_GIB = 13
_WRITTEN_S = 3600
"""Seconds after which nobody writes a file any more."""


class TrainingError(StartError):
    """Training failed; the message says what to do."""


_FAQ = 6000
"""How many question variants Rasa learns from at most: which topic a question is about, search knows. Of all 15,600 it
knew 4 % less of the small talk, and took three times as long."""
_NEAR = "out_of_scope_near"
"""The files of data/nlu that Rasa doesn't read: it learns their 7,000 messages by their vectors alone."""


def fingerprint(settings: Settings, library: Library) -> str:
    """A hash over everything that the model depends on."""
    digest = hashlib.sha256(f"{encoder_name(settings.encoder_model)}\0{made_by()}\0".encode())
    paths = [ROOT / "config.yml", ROOT / "domain.yml", ROOT / "requirements/rasa.txt"]
    paths += sorted((ROOT / "bot/nlu").glob("*.py"))
    paths += sorted((settings.data_dir / "rules").glob("*.yml")) + sorted((settings.data_dir / "nlu").glob("*/*.yml"))
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    for text in faq(library):
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()[:16]


def faq(library: Library) -> list[str]:
    """Variants of every topic, once each, as many as Rasa needs to know a question from small talk."""
    texts = list(dict.fromkeys(" ".join(text.split()) for texts in variants(library).values() for text in texts))
    return texts[:: -(-len(texts) // _FAQ)]


def near_questions(data_dir: Path) -> list[str]:
    """What only sounds like a question to a department: examples of `out_of_scope`."""
    return [text for _, text in said(data_dir, _NEAR)]


def nlu_files(data_dir: Path) -> list[Path]:
    """The files of data/nlu that Rasa reads."""
    return [path for path in sorted((data_dir / "nlu").glob("*/*.yml")) if path.stem != _NEAR]


def model_path(settings: Settings, library: Library) -> Path:
    """Where the model for the present data is, or will be."""
    return settings.cache_dir / "models" / f"enlace-{fingerprint(settings, library)}.tar.gz"


def vector_cache(settings: Settings, encoder: Callable[[], Encodes]) -> VectorCache:
    """The cache of vectors that training and search share."""
    return VectorCache(settings.cache_dir / "vectors", encoder_name(settings.encoder_model), encoder)


def learned_texts(settings: Settings, library: Library) -> tuple[list[str], list[str]]:
    """All that is learned from, once each: what residents write, and what departments do."""
    questions = asked(settings.data_dir, library)
    search, danger = search_examples(settings, library, questions), safety_examples(settings, library, questions)
    queries = {*search.outside, *search.elsewhere, *danger.near_misses, *danger.others}
    # Those of data/nlu, for Rasa, are among what the net learns from.
    queries |= {variant.text for variant in search.variants} | {text for text, _ in danger.danger}
    return sorted(queries), sorted({passage.text for passage in passages(library)})


def index_and_net(
    settings: Settings, library: Library, cache: VectorCache, progress: Progress | None = None
) -> tuple[Index, SafetyNet]:
    """The index of the present content, and the net under the safety rules; each is built if it isn't there."""
    questions, folder = asked(settings.data_dir, library), settings.cache_dir / "index"
    index = build_index(library, search_examples(settings, library, questions), cache, folder, progress)
    return index, build_net(safety_examples(settings, library, questions), cache, folder, progress)


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


def scarce(proc: Path = Path("/proc"), cgroups: Path = Path("/sys/fs/cgroup")) -> str | None:
    """A warning where less memory is there than training takes: by the system, and by what the cgroup of this process
    and those above it (version 2) may still take.
    """
    try:
        words = dict(line.split(":") for line in (proc / "meminfo").read_text(encoding="ascii").splitlines())
        there = int(words["MemAvailable"].split()[0]) / 2**20
        own = proc / "self" / "cgroup"
        lines = own.read_text(encoding="utf-8").splitlines() if own.exists() else []
        for name in (line.removeprefix("0::/") for line in lines if line.startswith("0::/")):
            for folder in (cgroups / name, *(cgroups / parent for parent in PurePosixPath(name).parents)):
                limit = folder / "memory.max"
                if (most := limit.read_text(encoding="ascii").strip() if limit.exists() else "max") != "max":
                    taken = int((folder / "memory.current").read_text(encoding="ascii"))
                    there = min(there, (int(most) - taken) / 2**30)
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


def _sweep(folder: Path, vectors: Path) -> None:
    """Delete what trainings left behind that were cut off; a server that starts may be writing vectors."""
    for old in folder.glob("enlace-*.tar.gz"):
        old.unlink(missing_ok=True)
    for old in vectors.glob("*.tmp"):
        if time.time() - old.stat().st_mtime > _WRITTEN_S:
            old.unlink(missing_ok=True)


def _train(settings: Settings, library: Library, path: Path, cache: VectorCache, progress: Progress | None) -> Path:
    folder = settings.cache_dir / "train"
    folder.mkdir(parents=True, exist_ok=True)
    _sweep(folder, cache.path.parent)
    texts = sorted({text for _, text in said(settings.data_dir)})
    np.savez(
        folder / "vectors.npz",
        texts=np.array(texts),
        vectors=cache.queries(texts, progress),
        questions=cache.queries(faq(library), progress),
        near=cache.queries(near_questions(settings.data_dir), progress),
    )
    with ThreadPoolExecutor(1) as rasa:
        # Rasa's process keeps one core busy; the index is built on the other meanwhile.
        trained = rasa.submit(_run_rasa, settings, folder, path.name)
        index_and_net(settings, library, cache, progress)
        made = trained.result()
    # Last, since it is what says that a training has come to its end; whole, or not there at all.
    path.parent.mkdir(parents=True, exist_ok=True)
    made.replace(path)
    delete_others(path)
    return path


def _run_rasa(settings: Settings, folder: Path, name: str) -> Path:
    if not settings.rasa_python.exists():
        raise TrainingError(f"there is no {settings.rasa_python}: run `make setup`")
    data = (*nlu_files(settings.data_dir), settings.data_dir / "rules")
    made = folder / name
    command = [
        *(str(settings.rasa_python), "-m", "bot.nlu.command", "train"),
        *("--config", "config.yml", "--domain", "domain.yml", "--data", *map(str, data)),
        "--skip-validation",  # tests/nlu does it; here it takes longer than to learn
        "--force",  # there is no cache (bot/rasa.py), and to look for one takes seconds
        *("--out", str(folder), "--fixed-model-name", name.removesuffix(".tar.gz")),
    ]
    env = environment(ENLACE_VECTORS=str(folder / "vectors.npz"))
    result = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    if result.returncode != 0 or not made.exists():
        output = (result.stdout + result.stderr).strip().splitlines()[-25:]
        raise TrainingError("\n".join(["rasa train failed:", *output]))
    return made
