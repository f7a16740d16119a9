"""The forward pass of a BERT encoder with mean pooling, in numpy.

One text at a time: from some hundred tokens on, a matrix product of that height already runs
at nine tenths of the speed of a tall one, and nothing is spent on padding.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groundwire.adapters.embedder.weights import Floats, Shape, Weights, unpack

# The inner layer is done by this many tokens at a time, so that it stays in a core's cache.
INNER_ROWS = 128


@dataclass(frozen=True, slots=True)
class _Affine:
    weight: Floats
    bias: Floats

    def __call__(self, x: Floats) -> Floats:
        y = x @ self.weight
        y += self.bias
        return y


@dataclass(frozen=True, slots=True)
class _Norm:
    scale: Floats
    bias: Floats
    epsilon: float

    def __call__(self, x: Floats) -> Floats:
        """Normalise ``x`` in place."""
        x -= x.mean(axis=1, keepdims=True)
        variance = np.einsum("ij,ij->i", x, x)[:, None] / np.float32(x.shape[1])
        x /= np.sqrt(variance + np.float32(self.epsilon))
        x *= self.scale
        x += self.bias
        return x


@dataclass(frozen=True, slots=True)
class _Layer:
    attended: _Affine
    projected: _Affine
    after_attention: _Norm
    widened: _Affine
    narrowed: _Affine
    after_inner: _Norm


class Encoder:
    """Token numbers in, one unit vector out. Safe to call from several threads."""

    def __init__(self, weights: Weights) -> None:
        self._shape = weights.shape
        self._words = weights.packed_rows("emb.word")
        width = self._shape.width
        # Every token is of type 0, so its embedding is part of the position's.
        positions = weights.vector("emb.pos").reshape(-1, width)
        self._positions = positions + weights.vector("emb.type")[:width]
        self._first_norm = _norm(weights, "emb.ln")
        self._layers = [_layer(weights, f"l{n}") for n in range(self._shape.layers)]

    @property
    def window_tokens(self) -> int:
        return self._shape.window_tokens

    @property
    def dimensions(self) -> int:
        return self._shape.width

    def encode(self, tokens: list[int]) -> Floats:
        """Return the normalised mean of the last layer, shape (dimensions,)."""
        x = unpack(self._words[np.array(tokens)])
        x += self._positions[: len(tokens)]
        x = self._first_norm(x)
        for layer in self._layers:
            x = self._through(layer, x)
        mean: Floats = x.mean(axis=0)
        return (mean / np.sqrt(mean @ mean)).astype(np.float32)

    def _through(self, layer: _Layer, x: Floats) -> Floats:
        attended = layer.projected(_attend(layer.attended(x), self._shape))
        attended += x
        x = layer.after_attention(attended)
        inner = np.empty_like(x)
        for begin in range(0, len(x), INNER_ROWS):
            rows = slice(begin, begin + INNER_ROWS)
            inner[rows] = layer.narrowed(_gelu(layer.widened(x[rows])))
        inner += x
        return layer.after_inner(inner)


def _attend(qkv: Floats, shape: Shape) -> Floats:
    """Mix the values of all tokens for each; ``qkv`` has the shape (tokens, 3 x width)."""
    by_head = qkv.reshape(len(qkv), 3, shape.heads, -1).transpose(1, 2, 0, 3)
    queries, keys, values = by_head
    weights: NDArray[np.float32] = queries @ keys.transpose(0, 2, 1)
    weights -= weights.max(axis=2, keepdims=True)
    np.exp(weights, out=weights)
    mixed = weights @ values
    mixed /= weights.sum(axis=2, keepdims=True)
    return mixed.transpose(1, 0, 2).reshape(len(qkv), shape.width)


def _gelu(x: Floats) -> Floats:
    """The usual approximation with a hyperbolic tangent, within 0.0005 of the exact one.

    Source: Hendrycks & Gimpel 2016, arXiv:1606.08415.
    """
    inner = x * x
    inner *= np.float32(0.044715 * 0.7978845608)
    inner += np.float32(0.7978845608)
    inner *= x
    np.tanh(inner, out=inner)
    inner += np.float32(1.0)
    inner *= x
    inner *= np.float32(0.5)
    return inner


def _layer(weights: Weights, name: str) -> _Layer:
    # The product of queries and keys is scaled by the root of a head's width; the query can
    # carry that from the start.
    shape = weights.shape
    scale = np.float32((shape.width // shape.heads) ** -0.5)
    query = _affine(weights, f"{name}.q")
    parts = (
        _Affine(query.weight * scale, query.bias * scale),
        _affine(weights, f"{name}.k"),
        _affine(weights, f"{name}.v"),
    )
    attended = _Affine(
        np.ascontiguousarray(np.concatenate([part.weight for part in parts], axis=1)),
        np.concatenate([part.bias for part in parts]),
    )
    return _Layer(
        attended,
        _affine(weights, f"{name}.ao"),
        _norm(weights, f"{name}.aln"),
        _affine(weights, f"{name}.fi"),
        _affine(weights, f"{name}.fo"),
        _norm(weights, f"{name}.oln"),
    )


def _affine(weights: Weights, name: str) -> _Affine:
    return _Affine(weights.matrix(f"{name}.w"), weights.vector(f"{name}.b"))


def _norm(weights: Weights, name: str) -> _Norm:
    return _Norm(weights.vector(f"{name}.w"), weights.vector(f"{name}.b"), weights.shape.epsilon)
