"""The bundled encoder as a torch model, to be tuned (bot/encoder/tuning.py).

At run time the wheel's own engine takes 20 MB, where this takes 480.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from numpy.typing import NDArray
from torch import nn

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


class PackedRows(nn.Module):
    """An embedding whose rows stay packed: 54 MB, where float32 would take 384."""

    def __init__(self, blocks: NDArray[Any], width: int) -> None:
        """`blocks` of all rows, each of `width` weights."""
        super().__init__()
        self.scale = torch.from_numpy(blocks["scale"].reshape(-1, width // 32, 1).copy())
        self.pairs = torch.from_numpy(blocks["pairs"].reshape(-1, width // 32, 16).copy())

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Rows (…, width) of `ids` (…)."""
        return _unpacked(self.scale[ids], self.pairs[ids]).flatten(-2)


def _unpacked(scale: torch.Tensor, pairs: torch.Tensor) -> torch.Tensor:
    """Weights (…, 32) of scales (…, 1) and pairs (…, 16): the low halves come first."""
    return (torch.cat([pairs & 15, pairs >> 4], dim=-1).float() - 8) * scale.float()


def model(packed: Packed) -> BertModel:
    """The model, in float32 but for its words."""
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
        if name.endswith(".w") and name.split(".")[-2] in _LINEAR:
            blocks = packed.blocks(name)
            pairs = torch.from_numpy(blocks["pairs"].copy())
            values = _unpacked(torch.from_numpy(blocks["scale"].copy())[:, None], pairs)
        else:
            values = torch.from_numpy(packed.floats(name).copy())
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
