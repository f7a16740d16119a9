"""The forward pass of a BERT encoder with mean pooling, in numpy.

One text at a time: from some hundred tokens on, a matrix product of that height already runs
at nine tenths of the speed of a tall one, and nothing is spent on padding.

A layer's heads and its inner neurons come in two halves, whose results are added. So two
cores can share a question, which is too short to be cut by its tokens; see ADR 6.
"""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groundwire.adapters.embedder.weights import Floats, Weights, unpack

Half = Callable[[Floats], Floats]
Sum = Callable[[Half, Half, Floats], Floats]


def in_turn(one: Half, other: Half, x: Floats) -> Floats:
    """Add what both halves make of ``x``, in the thread of the caller."""
    total = one(x)
    total += other(x)
    return total


class SideBySide:
    """Adds what both halves make, one in a thread of its own. For one caller at a time."""

    def __init__(self) -> None:
        self._asked: queue.SimpleQueue[tuple[Half, Floats]] = queue.SimpleQueue()
        self._made: queue.SimpleQueue[Floats] = queue.SimpleQueue()
        threading.Thread(target=self._make, daemon=True).start()

    def __call__(self, one: Half, other: Half, x: Floats) -> Floats:
        self._asked.put((other, x))
        total = one(x)
        total += self._made.get()
        return total

    def _make(self) -> None:
        while True:
            half, x = self._asked.get()
            self._made.put(half(x))


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
class _Heads:
    """Half of a layer's heads: mixes the values of all tokens for each."""

    attended: _Affine
    projected: Floats
    count: int

    def __call__(self, x: Floats) -> Floats:
        by_head = self.attended(x).reshape(len(x), 3, self.count, -1).transpose(1, 2, 0, 3)
        queries, keys, values = by_head
        weights: NDArray[np.float32] = queries @ keys.transpose(0, 2, 1)
        weights -= weights.max(axis=2, keepdims=True)
        np.exp(weights, out=weights)
        mixed = weights @ values
        mixed /= weights.sum(axis=2, keepdims=True)
        projected: Floats = mixed.transpose(1, 0, 2).reshape(len(x), -1) @ self.projected
        return projected


@dataclass(frozen=True, slots=True)
class _Neurons:
    """Half of a layer's inner neurons."""

    widened: _Affine
    narrowed: Floats

    def __call__(self, x: Floats) -> Floats:
        narrow: Floats = _gelu(self.widened(x)) @ self.narrowed
        return narrow


@dataclass(frozen=True, slots=True)
class _Layer:
    heads: tuple[_Heads, _Heads]
    projected_bias: Floats
    after_attention: _Norm
    neurons: tuple[_Neurons, _Neurons]
    narrowed_bias: Floats
    after_inner: _Norm

    def __call__(self, x: Floats, add: Sum) -> Floats:
        mixed = add(*self.heads, x)
        mixed += self.projected_bias
        mixed += x
        x = self.after_attention(mixed)
        inner = add(*self.neurons, x)
        inner += self.narrowed_bias
        inner += x
        return self.after_inner(inner)


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

    def encode(self, tokens: list[int], add: Sum = in_turn) -> Floats:
        """Return the normalised mean of the last layer, shape (dimensions,).

        ``add`` says who makes the halves of each layer.
        """
        x = unpack(self._words[np.array(tokens)])
        x += self._positions[: len(tokens)]
        x = self._first_norm(x)
        for layer in self._layers:
            x = layer(x, add)
        mean: Floats = x.mean(axis=0)
        return (mean / np.sqrt(mean @ mean)).astype(np.float32)


def _gelu(x: Floats) -> Floats:
    """The usual approximation with a hyperbolic tangent, within 0.0005 of the exact one.

    Source: Hendrycks & Gimpel 2016, arXiv:1606.08415. As (1 + tanh y) / 2 = 1 / (1 + exp -2y),
    it is an exponential, which costs half as much.
    """
    inner = x * x
    inner *= np.float32(-2 * 0.044715 * 0.7978845608)
    inner -= np.float32(2 * 0.7978845608)
    inner *= x
    with np.errstate(over="ignore"):  # x / infinity is 0, as it should be
        np.exp(inner, out=inner)
    inner += np.float32(1.0)
    np.divide(x, inner, out=inner)
    return inner


def _layer(weights: Weights, name: str) -> _Layer:
    return _Layer(
        _heads(weights, name),
        weights.vector(f"{name}.ao.b"),
        _norm(weights, f"{name}.aln"),
        _neurons(weights, name),
        weights.vector(f"{name}.fo.b"),
        _norm(weights, f"{name}.oln"),
    )


def _heads(weights: Weights, name: str) -> tuple[_Heads, _Heads]:
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
    projected = weights.matrix(f"{name}.ao.w")

    def half(columns: slice) -> _Heads:
        attended = _Affine(
            np.concatenate([part.weight[:, columns] for part in parts], axis=1),
            np.concatenate([part.bias[columns] for part in parts]),
        )
        return _Heads(attended, projected[columns].copy(), shape.heads // 2)

    middle = shape.width // 2
    return half(slice(middle)), half(slice(middle, None))


def _neurons(weights: Weights, name: str) -> tuple[_Neurons, _Neurons]:
    widened = _affine(weights, f"{name}.fi")
    narrowed = weights.matrix(f"{name}.fo.w")

    def half(neurons: slice) -> _Neurons:
        wide = _Affine(widened.weight[:, neurons].copy(), widened.bias[neurons])
        return _Neurons(wide, narrowed[neurons].copy())

    middle = weights.shape.inner // 2
    return half(slice(middle)), half(slice(middle, None))


def _affine(weights: Weights, name: str) -> _Affine:
    return _Affine(weights.matrix(f"{name}.w"), weights.vector(f"{name}.b"))


def _norm(weights: Weights, name: str) -> _Norm:
    return _Norm(weights.vector(f"{name}.w"), weights.vector(f"{name}.b"), weights.shape.epsilon)
