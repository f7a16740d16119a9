"""What the head of a GGUF file says, read without a library and without the weights."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

# The keys we want come first; a tokenizer's vocabulary of megabytes comes after them.
MAX_KEYS = 64
MAX_TENSORS = 1 << 16
MAX_DIMENSIONS = 4
MAX_STRING_BYTES = 1 << 20
_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_UNSIGNED = {0: "<B", 2: "<H", 4: "<I", 10: "<Q"}
_STRING, _ARRAY = 8, 9


class GgufHead(NamedTuple):
    """``window_tokens`` is what the model was trained for."""

    architecture: str
    window_tokens: int


def read_head(path: Path) -> GgufHead | None:
    """Return the head of ``path``, or ``None`` if it is not a GGUF of a language model."""
    try:
        with path.open("rb") as file:
            return _read(file)
    except (OSError, struct.error, UnicodeDecodeError, KeyError, ValueError):
        return None


def has_rank_head(path: Path) -> bool:
    """Tell whether the GGUF at ``path`` has the weights that make a score of a pair of texts.

    The whole head is read for it, a few tenths of a second for a large vocabulary.
    """
    try:
        with path.open("rb") as file:
            return any(name.startswith(b"cls.") for name in _tensors(file))
    except (OSError, struct.error, KeyError, ValueError):
        return False


def _tensors(file: BinaryIO) -> Iterator[bytes]:
    magic, version, tensors, keys = struct.unpack("<4sIQQ", file.read(24))
    if magic != b"GGUF" or version < 2 or max(tensors, keys) > MAX_TENSORS:
        return
    for _ in range(keys):
        _string(file)
        _value(file)
    for _ in range(tensors):
        yield _string(file)
        (dimensions,) = struct.unpack("<I", file.read(4))
        file.seek(8 * min(dimensions, MAX_DIMENSIONS) + 4 + 8, 1)


def _read(file: BinaryIO) -> GgufHead | None:
    magic, version, _, keys = struct.unpack("<4sIQQ", file.read(24))
    if magic != b"GGUF" or version < 2:
        return None
    architecture = ""
    for _ in range(min(keys, MAX_KEYS)):
        key = _string(file).decode()
        value = _value(file)
        if key == "general.architecture" and isinstance(value, bytes):
            architecture = value.decode()
        elif key == f"{architecture}.context_length" and isinstance(value, int):
            return GgufHead(architecture, value)
    return None


def _value(file: BinaryIO) -> int | bytes | None:
    (kind,) = struct.unpack("<I", file.read(4))
    if kind == _STRING:
        return _string(file)
    if kind == _ARRAY:
        _skip_array(file)
        return None
    raw = file.read(_SIZES[kind])
    return int(struct.unpack(_UNSIGNED[kind], raw)[0]) if kind in _UNSIGNED else None


def _string(file: BinaryIO) -> bytes:
    (size,) = struct.unpack("<Q", file.read(8))
    if size > MAX_STRING_BYTES:
        raise ValueError(size)
    return file.read(size)


def _skip_array(file: BinaryIO) -> None:
    kind, count = struct.unpack("<IQ", file.read(12))
    if kind == _STRING:
        if count > MAX_STRING_BYTES:
            raise ValueError(count)
        for _ in range(count):
            _string(file)
    else:
        file.seek(_SIZES[kind] * count, 1)
