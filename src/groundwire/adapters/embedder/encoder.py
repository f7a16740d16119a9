"""Token numbers to a unit vector: `graph`, run by onnxruntime.

One text at a time, so nothing is spent on padding, and in the thread of the caller, whose
priority it has.
"""

from importlib import import_module
from typing import Any

import numpy as np

from groundwire.adapters.embedder import graph
from groundwire.adapters.embedder.weights import Floats, Weights, unpack

# By name, since the library ships no types.
_onnxruntime: Any = import_module("onnxruntime")


class Encoder:
    """Safe to call from several threads."""

    def __init__(self, weights: Weights) -> None:
        self._shape = weights.shape
        self._words = weights.packed_rows("emb.word")
        width = self._shape.width
        # Every token is of type 0, so its embedding is part of the position's.
        positions = weights.vector("emb.pos").reshape(-1, width)
        self._positions = positions + weights.vector("emb.type")[:width]
        self._session = _onnxruntime.InferenceSession(
            graph.build(weights), _options(), providers=["CPUExecutionProvider"]
        )

    @property
    def window_tokens(self) -> int:
        return self._shape.window_tokens

    @property
    def dimensions(self) -> int:
        return self._shape.width

    def encode(self, tokens: list[int]) -> Floats:
        """Return the normalised mean of the last layer, shape (dimensions,)."""
        inputs = {
            graph.EMBEDDED: unpack(self._words[np.array(tokens)])[None],
            graph.POSITIONS: self._positions[None, : len(tokens)],
        }
        (means,) = self._session.run([graph.MEAN], inputs)
        mean: Floats = np.asarray(means, np.float32)[0]
        return (mean / np.sqrt(mean @ mean)).astype(np.float32)


def _options() -> Any:
    options = _onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return options
