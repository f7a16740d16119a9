"""Writes a model in the format of ONNX: the little of it that `graph` needs.

The library that does this brings 30 MB and a code generator's output for a hundred message
types; these are six. Source: onnx.proto of ONNX 1.16, whose field numbers never change.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

IR_VERSION = 10
DOMAINS = {"": 21, "com.microsoft": 1}
"""The sets of operators, each with its version."""

FLOAT = 1
_TENSOR_TYPES = {np.dtype(np.float32): FLOAT, np.dtype(np.uint8): 2, np.dtype(np.int64): 7}
_VARINT, _BYTES, _FIXED32 = 0, 2, 5
_IS_FLOAT, _IS_INT = 1, 2

Array = NDArray[np.float32] | NDArray[np.uint8] | NDArray[np.int64]


@dataclass(slots=True)
class Graph:
    """Collects the nodes of a graph, in the order in which they are computed."""

    _nodes: list[bytes] = field(default_factory=list[bytes])
    _constants: list[bytes] = field(default_factory=list[bytes])

    def constant(self, name: str, value: Array) -> str:
        """Add a tensor that is part of the model; return its name."""
        dimensions = b"".join(_number(1, size) for size in value.shape)
        kind = _number(2, _TENSOR_TYPES[value.dtype])
        raw = np.ascontiguousarray(value).tobytes()
        self._constants.append(dimensions + kind + _text(8, name) + _bytes(9, raw))
        return name

    def node(
        self,
        operator: str,
        inputs: Sequence[str],
        output: str,
        *,
        domain: str = "com.microsoft",
        **attributes: int | float,
    ) -> str:
        """Add a node with one output; return the output's name. An input may be ''."""
        parts = [_text(1, name) for name in inputs]
        parts += [_text(2, output), _text(4, operator), _text(7, domain)]
        parts += [_bytes(5, _attribute(name, value)) for name, value in attributes.items()]
        self._nodes.append(b"".join(parts))
        return output

    def model(self, *, inputs: Sequence[str], output: str, width: int) -> bytes:
        """Return the model: ``inputs`` of shape (1, any, width), ``output`` (1, width)."""
        parts = [_bytes(1, node) for node in self._nodes]
        parts.append(_text(2, output))
        parts += [_bytes(5, constant) for constant in self._constants]
        parts += [_bytes(11, _floats(name, (1, "length", width))) for name in inputs]
        parts.append(_bytes(12, _floats(output, (1, width))))
        sets = [_text(1, domain) + _number(2, version) for domain, version in DOMAINS.items()]
        opsets = b"".join(_bytes(8, each) for each in sets)
        return _number(1, IR_VERSION) + _bytes(7, b"".join(parts)) + opsets


def _attribute(name: str, value: float) -> bytes:
    if isinstance(value, int):
        return _text(1, name) + _number(3, value) + _number(20, _IS_INT)
    fixed = _tag(2, _FIXED32) + struct.pack("<f", value)
    return _text(1, name) + fixed + _number(20, _IS_FLOAT)


def _floats(name: str, shape: Sequence[int | str]) -> bytes:
    """Describe a tensor of floats; a size with a name is known when the model runs."""
    sizes = [_text(2, size) if isinstance(size, str) else _number(1, size) for size in shape]
    dimensions = b"".join(_bytes(1, size) for size in sizes)
    tensor = _number(1, FLOAT) + _bytes(2, dimensions)
    return _text(1, name) + _bytes(2, _bytes(1, tensor))


def _number(tag: int, value: int) -> bytes:
    return _tag(tag, _VARINT) + _varint(value)


def _text(tag: int, value: str) -> bytes:
    return _bytes(tag, value.encode())


def _bytes(tag: int, value: bytes) -> bytes:
    return _tag(tag, _BYTES) + _varint(len(value)) + value


def _tag(number: int, kind: int) -> bytes:
    return _varint(number << 3 | kind)


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
