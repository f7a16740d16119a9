from pathlib import Path
from typing import Protocol

from groundwire.model.documents import Cut, Parsed
from groundwire.model.ids import DocumentId


class Parser(Protocol):
    """Bytes in, blocks out, or the chunks that they are cut into."""

    async def parse(self, blob: Path, *, name: str) -> Parsed:
        """Read the file at ``blob``; ``name`` is what its uploader called it.

        The type is decided from the bytes first and from ``name`` where bytes do not tell
        (Markdown, CSV). Raises ``UnreadableDocument`` with its reason for a file that is
        broken, encrypted, empty, too large when unpacked, or of a type that is not read;
        never anything else on account of the file, and always within the time limit that
        the adapter was built with.
        """
        ...

    async def cut(self, blob: Path, *, name: str, document: DocumentId, version: int) -> Cut:
        """Read the file as `parse` does and cut it, as ``version`` of ``document`` under ``name``.

        The chunks are those of `chunk_blocks` of each file in it, in order; done where it is
        read, so that what is asked meanwhile does not wait.
        """
        ...
