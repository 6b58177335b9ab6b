"""What `enlace evaluate --against` compares with, by name."""

from __future__ import annotations

PEERS = {
    "bm25": "words in common with the question (BM25), over the published sentences",
    "dense": "the nearest published sentence by Enlace’s own encoder, nothing else of Enlace",
    "use": "the nearest published sentence by the Universal Sentence Encoder (multilingual)",
    "rasa": "stock Rasa (DIETClassifier, ResponseSelector), trained on the same question variants",
}
"""Every peer's name and what it does."""
