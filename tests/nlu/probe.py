"""Runs inside Rasa's interpreter (tests/nlu/test_nlu.py) and prints what it found as JSON."""

import asyncio
import base64
import hashlib
import importlib.metadata
import inspect
import json
import os
import sys
import tempfile
from pathlib import Path
from unittest.mock import patch

import numpy as np
from jsonschema import ValidationError
from rasa.core.actions.action import RemoteAction
from rasa.core.tracker_store import AwaitableTrackerStore
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActiveLoop, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.channel import forget
from bot.nlu.classifier import KernelClassifier
from bot.nlu.featurizer import VECTORS_FILE, SentenceVectorFeaturizer
from bot.nlu.tracker_store import MemoryTrackerStore
from bot.nlu.validator import compile_once

RESULTS = [
    {"events": [], "responses": []},
    {"events": [{"event": "slot", "timestamp": None, "name": "topic", "value": "x"}], "responses": [{"custom": {}}]},
    {"events": None, "responses": []},
    {"events": [{"event": "no such event"}], "responses": []},
    {"events": [], "responses": "text"},
    {"events": [], "responses": ["text"]},
]


def verdicts():
    """For each result: True, or the name of the error."""
    action = RemoteAction("action_test", None)
    found = []
    for result in RESULTS:
        try:
            found.append(action._validate_action_result(result))
        except ValidationError as error:
            found.append(type(error).__name__)
    return found


def source_hash(function):
    return hashlib.sha256(inspect.getsource(function).encode()).hexdigest()[:16]


def train_without_vectors():
    """What training says when nobody has made the vectors."""
    featurizer = SentenceVectorFeaturizer("test", SentenceVectorFeaturizer.get_default_config())
    try:
        featurizer.process_training_data(TrainingData([Message({TEXT: "hola"})]))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def featurize(metadata):
    """The feature that a message gets, and what is left of its metadata."""
    featurizer = SentenceVectorFeaturizer("test", SentenceVectorFeaturizer.get_default_config())
    message = featurizer.process([Message({TEXT: "hola", "metadata": metadata})])[0]
    feature = message.get_dense_features(TEXT)[1]
    return None if feature is None else np.asarray(feature.features).tolist(), message.get("metadata")


async def tracker_store():
    """What our tracker store keeps of a long conversation in the middle of a form, and of too many conversations."""
    domain = Domain.load("domain.yml")
    store = MemoryTrackerStore(domain, max_conversations=2, max_events=10)
    tracker = await store.get_or_create_tracker("a")
    for event in (UserUttered("guide me", {"name": "guide_report"}), ActiveLoop("report_form")):
        tracker.update(event, domain)
    for number in range(30):
        tracker.update(UserUttered(f"message {number}", {"name": "faq"}), domain)
    tracker.update(SlotSet("topic", "what-is-asked"), domain)
    await store.save(tracker)
    for number in range(30):
        tracker.update(UserUttered(f"again {number}", {"name": "faq"}), domain)
        await store.save(tracker)
    kept = await store.retrieve("a")
    unsaved = await store.retrieve("a")
    unsaved.update(SlotSet("topic", "changed but not saved"), domain)
    found = {
        "texts": [event.text for event in kept.events if isinstance(event, UserUttered)][-1],
        "events": len(kept.events),
        "loop": kept.active_loop_name,
        "slot": kept.get_slot("topic"),
        "slot_after_a_failed_turn": (await store.retrieve("a")).get_slot("topic"),
    }
    for name in ("b", "c"):
        await store.save(DialogueStateTracker(name, domain.slots))
    found["kept"] = sorted(await store.keys())
    forget(AwaitableTrackerStore(store), "c")
    found["after_forgetting"] = sorted(await store.keys())
    return found


def classify():
    """What the classifier makes of messages that lie in the narrow cone of its examples, answerable or not."""

    def message(*place, intent=None, answerable=False):
        vector = base64.b64encode(array_of(*place).tobytes()).decode()
        data = {TEXT: "hola", "metadata": {"vector": vector, "answerable": answerable}}
        return Message({**data, "intent": intent} if intent else data)

    def array_of(place, aside=1.0):
        return np.array([5.0, place, aside], dtype="<f4")

    featurizer = SentenceVectorFeaturizer("test", SentenceVectorFeaturizer.get_default_config())
    examples = [message(0.02, intent="faq"), message(-0.02, intent="thanks")]
    with tempfile.TemporaryDirectory() as folder:
        storage = LocalModelStorage(Path(folder))
        config = {**KernelClassifier.get_default_config(), "yields": ["thanks"]}
        resource = Resource("classifier")
        data = TrainingData(featurizer.process(examples))
        vectors = f"{folder}/vectors.npz"
        np.savez(vectors, questions=np.stack([array_of(0.03), array_of(0.025)]), near=np.stack([array_of(0, 1.1)]))
        with patch.dict(os.environ, {VECTORS_FILE: vectors}):
            KernelClassifier.create(config, storage, resource, None).train(data)
        classifier = KernelClassifier.load(config, storage, resource, None)
        asked = [message(0.04), message(-0.03), message(-0.03, answerable=True), message(0, 1.2)]
        return [each.get("intent")["name"] for each in classifier.process(featurizer.process(asked))]


original = {
    "validate": source_hash(RemoteAction._validate_action_result),
    "schema": source_hash(RemoteAction.action_response_format_spec),
    "verdicts": verdicts(),
}
compile_once()
vector = json.loads(sys.argv[1])
print(
    json.dumps(
        {
            "rasa": importlib.metadata.version("rasa"),
            "original": original,
            "compiled": verdicts(),
            "modules": sorted(name for name in sys.modules if name.split(".")[0] == "bot"),
            "train_without_vectors": train_without_vectors(),
            "with_vector": featurize({"vector": vector, "department": "kent-wa"}),
            "without_vector": featurize({}),
            "intents": classify(),
            "tracker_store": asyncio.run(tracker_store()),
        }
    )
)
