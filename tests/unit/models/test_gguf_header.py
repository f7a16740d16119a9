import struct
from pathlib import Path

import pytest

from groundwire.adapters.models.gguf_header import GgufHead, read_head


def string(text: str) -> bytes:
    return struct.pack("<Q", len(text)) + text.encode()


def gguf(*pairs: bytes) -> bytes:
    return struct.pack("<4sIQQ", b"GGUF", 3, 0, len(pairs)) + b"".join(pairs)


HEAD = gguf(
    string("general.architecture") + struct.pack("<I", 8) + string("llama"),
    string("general.tags") + struct.pack("<IIQ", 9, 8, 2) + string("a") + string("b"),
    string("llama.rope") + struct.pack("<If", 6, 1.0),
    string("llama.numbers") + struct.pack("<IIQ", 9, 4, 3) + bytes(12),
    string("llama.context_length") + struct.pack("<II", 4, 8192),
)


def test_the_window_is_read_from_the_head(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(HEAD)

    assert read_head(path) == GgufHead("llama", 8192)


@pytest.mark.parametrize("cut", range(0, len(HEAD) - 1, 7))
def test_a_file_that_is_cut_is_no_model(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(HEAD[:cut])

    assert read_head(path) is None


def test_a_string_of_absurd_length_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(gguf(struct.pack("<Q", 1 << 60)))

    assert read_head(path) is None
