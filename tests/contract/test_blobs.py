import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from groundwire.adapters.embedded.blobs import FileBlobs
from groundwire.model.errors import NotFound, TooLarge


async def pieces(*contents: bytes) -> AsyncIterator[bytes]:
    for content in contents:
        yield content


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("size", [0, 1, 70_000, 3_000_000], ids="{} bytes".format)
async def test_bytes_are_kept_by_their_digest(tmp_path: Path, size: int) -> None:
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    blobs = FileBlobs(tmp_path)

    blob = await blobs.put(pieces(content[:1000], content[1000:]), limit_bytes=size)

    assert blob == (hashlib.sha256(content).hexdigest(), size)
    assert blobs.path(blob.digest).read_bytes() == content


async def test_the_same_bytes_are_kept_once(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)

    first = await blobs.put(pieces(b"same"), limit_bytes=10)
    second = await blobs.put(pieces(b"sa", b"me"), limit_bytes=10)

    assert first == second
    assert len(files(tmp_path)) == 1


async def test_too_many_bytes_are_refused_and_nothing_is_kept(tmp_path: Path) -> None:
    with pytest.raises(TooLarge):
        await FileBlobs(tmp_path).put(pieces(b"12345", b"6"), limit_bytes=5)

    assert files(tmp_path) == []


async def test_an_upload_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await FileBlobs(tmp_path).put(broken(), limit_bytes=10)

    assert files(tmp_path) == []


async def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    FileBlobs(tmp_path)
    (tmp_path / "arriving" / "half").write_bytes(b"half an upload")

    FileBlobs(tmp_path)

    assert files(tmp_path) == []


async def test_all_that_is_kept_is_listed(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    assert not await blobs.list()
    kept = [await blobs.put(pieces(content), limit_bytes=9) for content in (b"one", b"two")]

    assert set(await blobs.list()) == {blob.digest for blob in kept}


async def test_removed_bytes_are_not_found(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    blob = await blobs.put(pieces(b"gone"), limit_bytes=10)

    await blobs.remove(blob.digest)
    await blobs.remove(blob.digest)

    with pytest.raises(NotFound):
        blobs.path(blob.digest)
