"""The forward pass of a BERT encoder with mean pooling, as a graph for onnxruntime.

The matrices stay in the blocks of 4 bits in which they come. The runtime multiplies such blocks
by activations that it rounds to 8 bits block by block; see ADR 17 for what that costs and saves.
"""

from collections.abc import Sequence

import numpy as np

from groundwire.adapters.embedder.onnx_file import Graph
from groundwire.adapters.embedder.weights import BLOCK, Weights

EMBEDDED, POSITIONS, MEAN = "embedded", "positions", "mean"
# Activations as integers of 8 bits, not as floats: the fastest of the levels that there are.
AS_INTEGERS = 4
TOKENS = 1


def build(weights: Weights) -> bytes:
    """Return a model: embedded tokens and their positions in, the mean of the last layer out."""
    encoder = _Encoder(weights)
    x = encoder.normed(EMBEDDED, POSITIONS, "emb.ln")
    for number in range(weights.shape.layers):
        x = encoder.layer(x, f"l{number}")
    axes = encoder.graph.constant("axes", np.array([TOKENS]))
    encoder.graph.node("ReduceMean", [x, axes], MEAN, domain="", keepdims=0)
    return encoder.graph.model(inputs=[EMBEDDED, POSITIONS], output=MEAN, width=weights.shape.width)


class _Encoder:
    def __init__(self, weights: Weights) -> None:
        self.graph = Graph()
        self._weights = weights

    def layer(self, x: str, name: str) -> str:
        attended = [self._affine(x, f"{name}.{part}") for part in "qkv"]
        mixed = self.graph.node(
            "MultiHeadAttention", attended, f"{name}.mixed", num_heads=self._weights.shape.heads
        )
        x = self.normed(self._affine(mixed, f"{name}.ao"), x, f"{name}.aln")
        wide = self.graph.node("Gelu", [self._affine(x, f"{name}.fi")], f"{name}.wide")
        return self.normed(self._affine(wide, f"{name}.fo"), x, f"{name}.oln")

    def normed(self, x: str, added: str, name: str) -> str:
        """Return the normalised sum of ``x`` and ``added``."""
        inputs = [x, added, *self._constants(name, ("w", "b"))]
        epsilon = float(self._weights.shape.epsilon)
        return self.graph.node("SkipLayerNormalization", inputs, name, epsilon=epsilon)

    def _affine(self, x: str, name: str) -> str:
        matrix = self._weights.blocks(f"{name}.w")
        packed = self.graph.constant(f"{name}.w", matrix.nibbles)
        scales = self.graph.constant(f"{name}.scales", matrix.scales)
        return self.graph.node(
            "MatMulNBits",
            [x, packed, scales, "", "", *self._constants(name, ("b",))],
            name,
            K=matrix.inputs,
            N=matrix.outputs,
            bits=4,
            block_size=BLOCK,
            accuracy_level=AS_INTEGERS,
        )

    def _constants(self, name: str, parts: Sequence[str]) -> list[str]:
        names = [f"{name}.{part}" for part in parts]
        return [self.graph.constant(each, self._weights.vector(each)) for each in names]
