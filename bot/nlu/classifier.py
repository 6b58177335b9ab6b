"""Kernel ridge regression over centred sentence vectors: each intent against the others.

Multilingual E5 puts all texts into a narrow cone (cosines of 0.75 to 0.95). Taking the mean of the training vectors
away and scaling to length 1 again spreads them. Under a radial kernel a message is only near what is really near it; a
linear model took three times as many questions for small talk (docs/measurements.md). The app's
search learns in the same way (bot/retrieval/kernel.py), in another interpreter.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, PREDICTED_CONFIDENCE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy.linalg import cho_factor, cho_solve

from bot.nlu.featurizer import SentenceVectorFeaturizer, vectors_for_training

FAQ = "faq"
"""The intent of questions about a department."""
OUT_OF_SCOPE = "out_of_scope"
"""That of what is neither such a question nor small talk."""
ANSWERABLE = "answerable"
"""In a message's metadata: search is sure of an answer."""
INTENT_RANKING = "intent_ranking"
_BLOCK = 512
"""Rows of the kernel that are made at once, while a cache has them: all at once takes twice as long."""


def unit(vectors: np.ndarray) -> np.ndarray:
    """Rows scaled to length 1; shape unchanged."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class KernelClassifier(IntentClassifier, GraphComponent):
    """Predicts the intent of a message from its sentence vector."""

    @classmethod
    def required_components(cls) -> list[type]:
        """Rasa's contract: what has to stand before it in the pipeline."""
        return [SentenceVectorFeaturizer]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`ranking_length`: how many intents a result lists.

        `gamma`: how fast likeness falls off, exp(gamma * (cosine - 1)). `bias` is added to it. `penalty`: of the fit.
        `sharpness`: makes probabilities of scores. `yields`: intents that give way to `faq` where the app's search has
        a sure answer to the message.
        """
        return {"gamma": 2.0, "bias": 0.05, "penalty": 0.1, "sharpness": 10.0, "ranking_length": 20, "yields": []}

    def __init__(
        self,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        weights: dict[str, np.ndarray] | None = None,
    ) -> None:
        """`weights`: mean (d,), vectors (n, d), dual (n, intents), intents (intents,); None until trained."""
        self._config = config
        self._model_storage = model_storage
        self._resource = resource
        self._weights = weights

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> KernelClassifier:
        """Rasa's contract: an untrained component."""
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> KernelClassifier:
        """Rasa's contract: the trained component of a model."""
        with model_storage.read_from(resource) as folder, np.load(folder / "weights.npz", allow_pickle=False) as file:
            return cls(config, model_storage, resource, dict(file))

    def train(self, training_data: TrainingData) -> Resource:
        """Fit on every example that has an intent and a text, on the question variants, and on what sounds like one;
        persist the weights (plain arrays, no pickle).
        """
        examples = [
            (features, message.get(INTENT))
            for message in training_data.intent_examples
            if message.get(INTENT) and (features := self._vector(message)) is not None
        ]
        more = vectors_for_training()
        examples += [(vector, FAQ) for vector in more["questions"]]
        examples += [(vector, OUT_OF_SCOPE) for vector in more["near"]]
        vectors = np.stack([features for features, _ in examples])
        mean = vectors.mean(axis=0)
        vectors = unit(vectors - mean).astype(np.float32)
        intents, classes = np.unique([intent for _, intent in examples], return_inverse=True)
        self._weights = {"mean": mean, "vectors": vectors, "dual": self._fit(vectors, classes), "intents": intents}
        with self._model_storage.write_to(self._resource) as folder:
            np.savez(folder / "weights.npz", **self._weights)
        return self._resource

    def _fit(self, vectors: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Dual coefficients (n, intents) of vectors (n, d) and their intents (n,)."""
        # By the root, an intent with few examples is heard and doesn't drown the questions, which are most of them.
        weights = 1 / np.sqrt(np.bincount(classes))[classes]
        kernel = np.empty((len(vectors), len(vectors)), dtype=np.float32)
        for start in range(0, len(vectors), _BLOCK):
            kernel[start : start + _BLOCK] = self._likeness(vectors[start : start + _BLOCK] @ vectors.T)
        kernel[np.diag_indices_from(kernel)] += self._config["penalty"] * weights.mean() / weights
        targets = np.eye(classes.max() + 1, dtype=np.float32)[classes]
        # The transpose is the same matrix in the order in which LAPACK wants it: else SciPy makes a copy. LAPACK itself
        # refuses what isn't a number.
        factor = cho_factor(kernel.T, lower=True, overwrite_a=True, check_finite=False)
        return cho_solve(factor, targets, check_finite=False).astype(np.float32)

    def _likeness(self, cosines: np.ndarray) -> np.ndarray:
        """The kernel of cosines; overwrites them."""
        cosines -= 1
        cosines *= self._config["gamma"]
        np.exp(cosines, out=cosines)
        cosines += self._config["bias"]
        return cosines

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Rasa's contract: nothing after it needs predictions on the training data."""
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Set the intent and its ranking on each message that has a vector; buttons ("/intent") have none."""
        for message in messages:
            vector = self._vector(message)
            if vector is not None and message.get(INTENT) is None:
                ranking = [
                    {INTENT_NAME_KEY: name, PREDICTED_CONFIDENCE_KEY: confidence}
                    for name, confidence in self._rank(vector)
                ]
                if self._gives_way(ranking[0], (message.get("metadata") or {}).get(ANSWERABLE, False)):
                    ranking.sort(key=lambda entry: entry[INTENT_NAME_KEY] != FAQ)
                message.set(INTENT, ranking[0], add_to_output=True)
                message.set(INTENT_RANKING, ranking, add_to_output=True)
        return messages

    def _gives_way(self, first: dict[str, Any], answerable: bool) -> bool:
        """Whether a message is search's to answer though its first intent is another than `faq`."""
        return answerable and first[INTENT_NAME_KEY] in self._config["yields"]

    def _rank(self, vector: np.ndarray) -> list[tuple[str, float]]:
        weights = self._weights
        if weights is None:
            return [(OUT_OF_SCOPE, 0.0)]
        cosines = weights["vectors"] @ unit(vector - weights["mean"]).astype(np.float32)
        scores = self._likeness(cosines) @ weights["dual"]
        odds = np.exp(self._config["sharpness"] * (scores - scores.max()))
        confidences = odds / odds.sum()
        order = np.argsort(-confidences)[: self._config["ranking_length"]]
        return [(str(weights["intents"][index]), float(confidences[index])) for index in order]

    @staticmethod
    def _vector(message: Message) -> np.ndarray | None:
        _, sentence = message.get_dense_features(TEXT)
        return None if sentence is None else np.asarray(sentence.features[0])
