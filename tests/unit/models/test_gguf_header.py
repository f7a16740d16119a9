import struct
from pathlib import Path

import pytest

from groundwire.adapters.models.gguf_header import GgufHead, has_rank_head, read_head


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


def with_tensors(*names: str) -> bytes:
    described = (string(name) + struct.pack("<I2QIQ", 2, 4, 4, 0, 0) for name in names)
    head = HEAD[:8] + struct.pack("<Q", len(names)) + HEAD[16:]
    return head + b"".join(described)


@pytest.mark.parametrize(
    ("names", "ranks"),
    [
        (("token_embd.weight", "cls.output.weight"), True),
        (("cls.weight",), True),
        (("token_embd.weight", "output.weight"), False),
        ((), False),
    ],
)
def test_a_head_that_ranks_is_seen_among_the_tensors(
    tmp_path: Path, names: tuple[str, ...], ranks: bool
) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(with_tensors(*names))

    assert has_rank_head(path) is ranks


def test_a_file_that_is_cut_or_no_model_ranks_nothing(tmp_path: Path) -> None:
    whole = with_tensors("token_embd.weight", "cls.weight")
    path = tmp_path / "m.gguf"
    for content in (b"", b"text" * 20, whole[:-40], HEAD[:16] + struct.pack("<Q", 1 << 40)):
        path.write_bytes(content)
        assert not has_rank_head(path)

    assert not has_rank_head(tmp_path / "none.gguf")
