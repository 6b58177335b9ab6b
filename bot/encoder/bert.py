"""The bundled encoder as a torch model: to be tuned (bot/tuning.py), and for very many texts at once.

For those it is twice as fast as the wheel's own engine, which takes 20 MB where this takes 480: the engine answers
residents, and this makes the vectors that training needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from bot.encoder import as_read
from bot.encoder.packed import Packed

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import BertModel

_LINEAR = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "fi": "intermediate.dense",
    "fo": "output.dense",
}
_NORMS = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}


class Bert:
    """The model with its tokenizer: texts in, vectors out."""

    def __init__(self, packed: Packed, max_pieces: int, tuned: Mapping[str, NDArray[Any]] | None = None) -> None:
        """As it is in the file (a second), but for the tensors that are `tuned`; reads `max_pieces` of a text."""
        self.model = model(packed, tuned or {})
        self._pieces = tokenizer(packed)
        self._pieces.enable_truncation(max_pieces)

    def encode(self, texts: Sequence[str], prefix: str) -> torch.Tensor:
        """Vectors (texts, width) of length 1; what a gradient flows through. Texts of like lengths are padded least."""
        rows = self._pieces.encode_batch([f"{prefix}{text}" for text in texts])
        mask = torch.tensor([row.attention_mask for row in rows])
        read = self.model(input_ids=torch.tensor([row.ids for row in rows]), attention_mask=mask)
        real = mask[:, :, None].float()
        return functional.normalize((read.last_hidden_state * real).sum(dim=1) / real.sum(dim=1), dim=-1)


class BulkEncoder:
    """The tuned encoder for many texts at once. Its vectors are the engine's, but for the engine's rounding."""

    def __init__(self, tuned: Mapping[str, NDArray[Any]]) -> None:
        """`tuned`: the tensors that `enlace tune` made."""
        packed = Packed()
        self._bert = Bert(packed, packed.positions, tuned)

    def queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of what residents write; shape (len(texts), dimensions), each row of length 1."""
        return self._encode([as_read(text) for text in texts], "query: ")

    def passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of published text; shape (len(texts), dimensions), each row of length 1."""
        return self._encode(texts, "passage: ")

    def _encode(self, texts: Sequence[str], prefix: str) -> NDArray[np.float32]:
        with torch.inference_mode(), fewer_digits():
            return np.asarray(self._bert.encode(texts, prefix).float().numpy(), dtype=np.float32)


def fewer_digits() -> torch.autocast:
    """Half the digits where the processor multiplies them in hardware, which is about twice as fast, and else nothing.

    The cosine of a vector with its like in all digits is above 0.9999.
    """
    has = torch.cpu.get_capabilities()
    able = bool(has.get("amx_bf16") or has.get("avx512_bf16"))
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=able)


class PackedRows(nn.Module):
    """An embedding whose rows stay packed: 54 MB, where float32 would take 384."""

    def __init__(self, blocks: NDArray[Any], width: int) -> None:
        """`blocks` of all rows, each of `width` weights."""
        super().__init__()
        self.scale = torch.from_numpy(blocks["scale"].reshape(-1, width // 32, 1).copy())
        self.pairs = torch.from_numpy(blocks["pairs"].reshape(-1, width // 32, 16).copy())

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Rows (…, width) of `ids` (…)."""
        return (self.scale[ids].float() * unpacked(self.pairs[ids])).flatten(-2)


LOWEST, HIGHEST = -8, 7
"""Of a 4-bit weight, in its block's scale."""


def unpacked(pairs: torch.Tensor) -> torch.Tensor:
    """The weights (…, 32) in `pairs` (…, 16), before they are scaled: the low halves come first."""
    return torch.cat([pairs & 15, pairs >> 4], dim=-1).float() + LOWEST


def repacked(levels: torch.Tensor) -> NDArray[np.uint8]:
    """The reverse of `unpacked`."""
    low, high = (levels - LOWEST).to(torch.uint8).chunk(2, dim=-1)
    return np.asarray((low | (high << 4)).numpy(), dtype=np.uint8)


def scales(packed: Packed, name: str) -> torch.Tensor:
    """Those of a tensor's blocks, (blocks, 1)."""
    return torch.from_numpy(packed.blocks(name)["scale"].astype(np.float32))[:, None]


def is_packed(name: str) -> bool:
    """Whether a tensor of the layers, by its name in the file, has 4-bit weights."""
    return name.endswith(".w") and name.split(".")[-2] in _LINEAR


def model(packed: Packed, tuned: Mapping[str, NDArray[Any]]) -> BertModel:
    """The model, in float32 but for its words, with these tensors in it, as `Packed.replaced` takes them."""
    from transformers import BertConfig, BertModel
    from transformers.initialization import no_init_weights

    config = BertConfig(
        vocab_size=1,  # its embedding is replaced
        hidden_size=packed.hidden,
        num_hidden_layers=packed.layers,
        num_attention_heads=packed.heads,
        intermediate_size=packed.inner,
        max_position_embeddings=packed.positions,
        type_vocab_size=packed.types,
        layer_norm_eps=packed.epsilon,
    )
    with no_init_weights():
        made = BertModel(config, add_pooling_layer=False)
    embeddings: Any = made.embeddings
    embeddings.word_embeddings = PackedRows(packed.blocks("emb.word"), packed.hidden)
    state = made.state_dict()
    for name, place in places(packed.layers):
        if is_packed(name):
            values = scales(packed, name) * unpacked(torch.from_numpy(packed.pairs(name, tuned)))
        else:
            values = torch.from_numpy(np.array(tuned.get(name, packed.floats(name)), dtype=np.float32))
        state[place].copy_(values.view(state[place].shape))
    made.train(False)
    return made


def places(layers: int) -> Iterator[tuple[str, str]]:
    """Each tensor's name in the file, and in the model."""
    yield "emb.pos", "embeddings.position_embeddings.weight"
    yield "emb.type", "embeddings.token_type_embeddings.weight"
    parts = [("emb.ln", "embeddings.LayerNorm")]
    for layer in range(layers):
        parts += [(f"l{layer}.{short}", f"encoder.layer.{layer}.{long}") for short, long in (_LINEAR | _NORMS).items()]
    for short, long in parts:
        yield f"{short}.w", f"{long}.weight"
        yield f"{short}.b", f"{long}.bias"


def tokenizer(packed: Packed) -> Tokenizer:
    """SentencePiece's pieces and rules, as XLM-RoBERTa has them; batches are padded."""
    from tokenizers import Regex, Tokenizer, normalizers
    from tokenizers.models import Unigram
    from tokenizers.pre_tokenizers import Metaspace
    from tokenizers.processors import TemplateProcessing

    vocabulary = packed.vocabulary()
    made = Tokenizer(Unigram(vocabulary, packed.unknown, byte_fallback=False))
    made.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    made.pre_tokenizer = Metaspace(prepend_scheme="always", split=False)
    begin, end, pad = (vocabulary[index][0] for index in (packed.begin, packed.end, packed.pad))
    special = [(begin, packed.begin), (end, packed.end)]
    made.post_processor = TemplateProcessing(single=f"{begin} $A {end}", special_tokens=special)
    made.enable_padding(pad_id=packed.pad, pad_token=pad)
    return made
