"""A cross-encoder with weights drawn by chance: as a file, and in numpy.

It is a BERT with a head for ranking. It knows a few words; all others are one.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tests.support.gguf import write_gguf

Floats = NDArray[np.float32]

EPSILON = 1e-12
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
UNKNOWN, FIRST, BORDER = 1, 2, 3
WORDS = ("who", "builds", "the", "package", "rules", "file", "cats", "sleep", "a", "lot")


class Shape(NamedTuple):
    layers: int = 2
    width: int = 32
    inner: int = 64
    heads: int = 2
    window: int = 128


SMALL = Shape()


@dataclass(frozen=True)
class CrossEncoder:
    """``seed`` says which weights; without ``head`` the model cannot rank."""

    seed: int = 1
    head: bool = True
    shape: Shape = SMALL

    def write(self, path: Path) -> Path:
        keys = {
            "general.architecture": "bert",
            "bert.context_length": self.shape.window,
            "bert.embedding_length": self.shape.width,
            "bert.feed_forward_length": self.shape.inner,
            "bert.block_count": self.shape.layers,
            "bert.attention.head_count": self.shape.heads,
            "bert.attention.layer_norm_epsilon": EPSILON,
            "bert.attention.causal": False,
            "bert.pooling_type": 4,
            "tokenizer.ggml.model": "bert",
            "tokenizer.ggml.tokens": [*SPECIAL, *(f"\u2581{word}" for word in WORDS)],
            "tokenizer.ggml.token_type_count": 2,
            "tokenizer.ggml.bos_token_id": FIRST,
            "tokenizer.ggml.cls_token_id": FIRST,
            "tokenizer.ggml.seperator_token_id": BORDER,
            "tokenizer.ggml.unknown_token_id": UNKNOWN,
            "tokenizer.ggml.padding_token_id": 0,
            "tokenizer.ggml.mask_token_id": 4,
        }
        write_gguf(path, keys, self._weights())
        return path

    def score(self, query: str, text: str) -> float:
        """Return what the head says of the pair, which llama.cpp ends without a border."""
        tokens = [FIRST, *_tokens(query), BORDER, *_tokens(text)]
        w = self._weights()
        x = w["token_embd.weight"][tokens] + w["token_types.weight"][0]
        x = _norm(x + w["position_embd.weight"][: len(tokens)], w, "token_embd_norm")
        for n in range(self.shape.layers):
            layer = {k.removeprefix(f"blk.{n}."): v for k, v in w.items()}
            x = _norm(x + _attend(x, layer, self.shape.heads), layer, "attn_output_norm")
            inner = _gelu(_linear(x, layer, "ffn_up"))
            x = _norm(x + _linear(inner, layer, "ffn_down"), layer, "layer_output_norm")
        pooled = np.tanh(_linear(x[0], w, "cls"))
        return float(_linear(pooled, w, "cls.output")[0])

    def _weights(self) -> dict[str, Floats]:
        draw = np.random.default_rng(self.seed)
        _, width, inner, _, window = self.shape
        made: dict[str, Floats] = {}

        def linear(name: str, rows: int, columns: int) -> None:
            # So that what comes out is about as large as what goes in, whatever the width.
            spread = np.float32(1.7 / np.sqrt(columns))
            drawn = draw.standard_normal((rows, columns), np.float32)
            made[f"{name}.weight"] = drawn * spread
            made[f"{name}.bias"] = draw.normal(0, 0.1, rows).astype(np.float32)

        def norm(name: str) -> None:
            made[f"{name}.weight"] = draw.normal(1, 0.1, width).astype(np.float32)
            made[f"{name}.bias"] = draw.normal(0, 0.1, width).astype(np.float32)

        for name, rows in (
            ("token_embd", len(SPECIAL) + len(WORDS)),
            ("token_types", 2),
            ("position_embd", window),
        ):
            made[f"{name}.weight"] = draw.normal(0, 1, (rows, width)).astype(np.float32)
        norm("token_embd_norm")
        for n in range(self.shape.layers):
            for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
                linear(f"blk.{n}.{part}", width, width)
            norm(f"blk.{n}.attn_output_norm")
            linear(f"blk.{n}.ffn_up", inner, width)
            linear(f"blk.{n}.ffn_down", width, inner)
            norm(f"blk.{n}.layer_output_norm")
        if self.head:
            linear("cls", width, width)
            linear("cls.output", 1, width)
        return made


def _tokens(text: str) -> list[int]:
    known = {word: len(SPECIAL) + n for n, word in enumerate(WORDS)}
    return [known.get(word, UNKNOWN) for word in text.lower().split()]


def _linear(x: Floats, weights: dict[str, Floats], name: str) -> Floats:
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def _norm(x: Floats, weights: dict[str, Floats], name: str) -> Floats:
    centred = x - x.mean(-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + EPSILON)
    return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def _attend(x: Floats, layer: dict[str, Floats], count: int) -> Floats:
    heads = [
        _linear(x, layer, name).reshape(len(x), count, -1).transpose(1, 0, 2)
        for name in ("attn_q", "attn_k", "attn_v")
    ]
    q, k, v = heads
    scores = q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[-1])
    shares = np.exp(scores - scores.max(-1, keepdims=True))
    shares /= shares.sum(-1, keepdims=True)
    return _linear((shares @ v).transpose(1, 0, 2).reshape(x.shape), layer, "attn_output")


def _gelu(x: Floats) -> Floats:
    inner = np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)
    return (0.5 * x * (1 + np.tanh(inner))).astype(np.float32)
