"""Stock Rasa: the pipeline that `rasa init` writes, trained on the question variants that Enlace's search has.

One model for all departments, since a topic is asked alike everywhere; of its ranking the first topic that the
department has. Of the default's 100 epochs it gets few, since each takes half a minute on two cores; DIETClassifier
only says whether a message is a question at all.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from bot.content.library import DepartmentContent, Library
from bot.evaluation.peers import First, Passage, PeerError
from bot.questions import Question
from bot.rasa import environment
from bot.settings import ROOT, Settings

FEATURIZERS: list[dict[str, Any]] = [
    {"name": "WhitespaceTokenizer"},
    {"name": "RegexFeaturizer"},
    {"name": "LexicalSyntacticFeaturizer"},
    {"name": "CountVectorsFeaturizer"},
    {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
]
"""What stands before the classifiers in the pipeline that Rasa 3.6 suggests."""
_DIET_EPOCHS, _SELECTOR_EPOCHS = 2, 10
_CONFIG: dict[str, Any] = {
    "recipe": "default.v1",
    "language": "en",
    "assistant_id": "stock",
    "pipeline": [
        *FEATURIZERS,
        {"name": "DIETClassifier", "epochs": _DIET_EPOCHS, "constrain_similarities": True, "random_seed": 0},
        {"name": "EntitySynonymMapper"},
        {
            "name": "ResponseSelector",
            "epochs": _SELECTOR_EPOCHS,
            "constrain_similarities": True,
            "random_seed": 0,
            "ranking_length": 0,  # all of them
        },
    ],
}


def ask(library: Library, settings: Settings, questions: Sequence[Question]) -> list[First]:
    """The topic that the selector ranks first among the department's, and the passage that its answer cites first.

    The model is trained unless it is there. Raises PeerError where Rasa fails.
    """
    model, sources = model_path(library, settings), _sources(library, settings)
    texts = "".join(json.dumps(question.text) + "\n" for question in questions)
    model.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=model.parent) as folder:
        for name, text in sources.items():
            path = Path(folder) / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        script = Path(__file__).with_name("rasa_parse.py")
        lines = _run(settings, [str(script), str(model), folder], texts).splitlines()
    for old in model.parent.glob("rasa-*.tar.gz"):
        if old != model:
            old.unlink()
    parsed = [json.loads(line) for line in lines if line.startswith("{")]
    if len(parsed) != len(questions):
        raise PeerError(f"stock Rasa answered {len(parsed)} of {len(questions)} questions")
    return [
        _first(library.departments[question.department], **each)
        for question, each in zip(questions, parsed, strict=True)
    ]


def _first(content: DepartmentContent, faq: float, ranking: list[tuple[str, float]]) -> First:
    """`faq`: confidence that it is a question; `ranking`: topics with their confidences, the best first."""
    for topic, confidence in ranking:
        if topic in content.answers:
            cited = content.answers[topic].citations[:1]  # none of a silent topic
            passages = [Passage(each.document, each.section, each.quote) for each in cited]
            return First(faq * confidence, passages[0] if passages else None, topic)
    return First(0.0, None)


def model_path(library: Library, settings: Settings) -> Path:
    """Where the model of the present variants is, once it is trained; ones of other variants are deleted then."""
    digest = hashlib.sha256("\0".join(_sources(library, settings).values()).encode()).hexdigest()[:16]
    return settings.cache_dir / "peers" / f"rasa-{digest}.tar.gz"


def _sources(library: Library, settings: Settings) -> dict[str, str]:
    """What the model is trained on: Rasa's files by their names."""
    files = {"config.yml": _CONFIG, "domain.yml": _domain(library), "nlu/faq.yml": _examples(library)}
    texts = {name: yaml.safe_dump(data, allow_unicode=True, width=10_000) for name, data in files.items()}
    for path in sorted((settings.data_dir / "nlu").glob("*/*.yml")):
        texts[f"nlu/{path.parent.name}-{path.name}"] = path.read_text(encoding="utf-8")
    return texts


def _examples(library: Library) -> dict[str, Any]:
    """Every variant once as an example of the retrieval intent `faq/<topic>`."""
    topics: dict[str, dict[str, None]] = {}
    for variant in library.variants():
        topics.setdefault(variant.topic, {})[variant.text] = None
    entries = [
        {"intent": f"faq/{topic}", "examples": "".join(f"- {text}\n" for text in texts)}
        for topic, texts in sorted(topics.items())
    ]
    return {"version": "3.1", "nlu": entries}


def _domain(library: Library) -> dict[str, Any]:
    topics = sorted({topic for department in library.departments.values() for topic in department.answers})
    return {
        "version": "3.1",
        "intents": ["faq"],
        "responses": {f"utter_faq/{topic}": [{"text": topic}] for topic in topics},
    }


def _run(settings: Settings, arguments: Sequence[str], stdin: str = "") -> str:
    """What Rasa's interpreter prints; raises PeerError with its last lines where it fails."""
    if not settings.rasa_python.exists():
        raise PeerError(f"there is no {settings.rasa_python}: run `make setup`")
    result = subprocess.run(  # noqa: S603
        [str(settings.rasa_python), *arguments],
        input=stdin,
        env=environment(OMP_NUM_THREADS=str(os.cpu_count() or 1)),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        output = (result.stdout + result.stderr).strip().splitlines()[-15:]
        raise PeerError("\n".join(["stock Rasa failed:", *output]))
    return result.stdout
