"""Uploaded bytes as files named by their digest."""

import asyncio
import hashlib
import os
import tempfile
from collections.abc import AsyncIterator, Collection
from pathlib import Path
from typing import IO

from groundwire.model.errors import NotFound, TooLarge
from groundwire.ports.blobs import Blob

# Each hop to a thread costs some 50 µs; uploads come in pieces of 64 kB and less.
WRITE_BYTES = 1 << 20


class FileBlobs:
    """`Blobs` in a folder that this process alone writes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._arriving = folder / "arriving"
        self._arriving.mkdir(parents=True, exist_ok=True)
        for left in self._arriving.iterdir():
            # An upload that the last process did not live to finish was never acknowledged.
            left.unlink()

    async def put(self, content: AsyncIterator[bytes], *, limit_bytes: int) -> Blob:
        file = tempfile.NamedTemporaryFile(dir=self._arriving, delete=False)  # noqa: SIM115 (closed below)
        arriving = Path(file.name)
        try:
            with file:
                return await self._receive(file, content, limit_bytes)
        except BaseException:
            await asyncio.to_thread(arriving.unlink, missing_ok=True)
            raise

    def path(self, digest: str) -> Path:
        path = self._place(digest)
        if not path.is_file():
            raise NotFound("file")
        return path

    async def remove(self, digest: str) -> None:
        await asyncio.to_thread(self._place(digest).unlink, missing_ok=True)

    async def list(self) -> Collection[str]:
        return await asyncio.to_thread(self._list)

    def _list(self) -> set[str]:
        return {path.name for path in self._folder.glob("??/*")}

    def _place(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest

    async def _receive(
        self, file: IO[bytes], content: AsyncIterator[bytes], limit_bytes: int
    ) -> Blob:
        """Write ``content`` to ``file``, which ends under the name of its digest."""
        digest = hashlib.sha256()
        size = 0
        pending = bytearray()

        def write() -> None:
            digest.update(pending)
            file.write(pending)
            pending.clear()

        def keep() -> Blob:
            write()
            self._keep(file, digest.hexdigest())
            return Blob(digest.hexdigest(), size)

        async for piece in content:
            size += len(piece)
            if size > limit_bytes:
                raise TooLarge("This file", limit_bytes)
            pending += piece
            if len(pending) >= WRITE_BYTES:
                await asyncio.to_thread(write)
        return await asyncio.to_thread(keep)

    def _keep(self, file: IO[bytes], digest: str) -> None:
        file.flush()
        os.fsync(file.fileno())
        file.close()  # Windows renames no open file
        place = self._place(digest)
        place.parent.mkdir(exist_ok=True)
        Path(file.name).replace(place)
        _sync_folder(place.parent)
        _sync_folder(self._folder)


def _sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` survive a loss of power."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
