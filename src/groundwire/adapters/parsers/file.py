"""A file to be read: on the disk, or out of another file."""

import io
from pathlib import Path, PurePath
from typing import IO, NamedTuple


class File(NamedTuple):
    """``name`` is what its uploader, or the archive that it is in, calls it."""

    name: str
    source: Path | bytes

    @property
    def suffix(self) -> str:
        """In small letters, with its dot; empty where there is none."""
        return PurePath(self.name).suffix.lower()

    def head(self, size: int) -> bytes:
        if isinstance(self.source, bytes):
            return self.source[:size]
        with self.source.open("rb") as file:
            return file.read(size)

    def content(self) -> bytes:
        return self.source if isinstance(self.source, bytes) else self.source.read_bytes()

    def open(self) -> IO[bytes]:
        if isinstance(self.source, bytes):
            return io.BytesIO(self.source)
        return self.source.open("rb")
