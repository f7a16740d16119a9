"""Writes GGUF files, so that tests have models whose weights they know.

Source of the form: ggml's docs/gguf.md, version 3.
"""

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Value = bool | int | float | str | Sequence[str]
Tensors = Mapping[str, NDArray[np.float32]]

ALIGNMENT = 32
UINT32, FLOAT32, BOOL, STRING, ARRAY = 4, 6, 7, 8, 9
F32 = 0


def write_gguf(path: Path, keys: Mapping[str, Value], tensors: Tensors) -> None:
    """Write ``keys`` and ``tensors``; those of two dimensions are (rows, columns)."""
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys))
    head += b"".join(_string(key) + _typed(value) for key, value in keys.items())
    offset, bodies = 0, list[bytes]()
    for name, tensor in tensors.items():
        shape = tensor.shape[::-1]
        head += _string(name) + struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
        head += struct.pack("<IQ", F32, offset)
        bodies.append(_padded(np.ascontiguousarray(tensor, np.float32).tobytes()))
        offset += len(bodies[-1])
    path.write_bytes(_padded(head) + b"".join(bodies))


def _typed(value: Value) -> bytes:
    match value:
        case bool():
            return struct.pack("<I?", BOOL, value)
        case int():
            return struct.pack("<II", UINT32, value)
        case float():
            return struct.pack("<If", FLOAT32, value)
        case str():
            return struct.pack("<I", STRING) + _string(value)
        case _:
            items = b"".join(map(_string, value))
            return struct.pack("<IIQ", ARRAY, STRING, len(value)) + items


def _string(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def _padded(content: bytes) -> bytes:
    return content + b"\0" * (-len(content) % ALIGNMENT)
