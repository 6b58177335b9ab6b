"""Puts the app's sentence vector on Rasa's message, so that one encoder pass a turn serves NLU and retrieval both.

At run time the vector comes with the message (`metadata["vector"]`). At training time the vectors of all examples come
in a file that `enlace train` made, named by the environment variable ENLACE_VECTORS. The question variants, and what
sounds like one, come there alone, since Rasa copies its training data a dozen times before a component sees it.
"""

from __future__ import annotations

import base64
import os
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.constants import FEATURIZER_CLASS_ALIAS
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.shared.exceptions import RasaException
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

VECTORS_FILE = "ENLACE_VECTORS"
VECTOR = "vector"


def vectors_for_training() -> dict[str, np.ndarray]:
    """`texts` (n,) of the examples and their `vectors` (n, d), and the vectors of more examples: of `faq`, `questions`
    (m, d), and of `out_of_scope`, what is `near` them (k, d).

    Raises RasaException if there is no such file.
    """
    path = os.environ.get(VECTORS_FILE)
    if not path:
        raise RasaException(f"{VECTORS_FILE} names no file: train with `enlace train`, which makes the vectors first.")
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class SentenceVectorFeaturizer(DenseFeaturizer, GraphComponent):
    """Adds one dense sentence feature: float32, shape (1, dimensions), length 1.

    Rasa's graph validation evaluates the annotations: it wants one on every parameter and every return.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Rasa's contract: nothing to configure."""
        return {**DenseFeaturizer.get_default_config(), FEATURIZER_CLASS_ALIAS: None}

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SentenceVectorFeaturizer:
        """Rasa's contract: a component for one node of the graph."""
        return cls(execution_context.node_name, config)

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Rasa's contract: any configuration is valid."""

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Add the vector of every example; raises RasaException if the file is missing or lacks an example."""
        made = vectors_for_training()
        vectors = dict(zip(made["texts"].tolist(), made["vectors"], strict=True))
        for message in training_data.training_examples:
            text = message.get(TEXT)
            if text:
                if text not in vectors:
                    raise RasaException(f"{VECTORS_FILE} has no vector for an example: train with `enlace train`.")
                self._add(message, vectors[text])
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Move the vector from the message's metadata to its features.

        It is taken out of the metadata, which Rasa would otherwise keep in the tracker with every event.
        """
        for message in messages:
            encoded = (message.get("metadata") or {}).pop(VECTOR, None)
            if encoded is not None:
                self._add(message, np.frombuffer(base64.b64decode(encoded), dtype="<f4"))
        return messages

    def _add(self, message: Message, vector: np.ndarray) -> None:
        self.add_features_to_message(None, vector.reshape(1, -1), TEXT, message)
