from pathlib import Path
from typing import Protocol

import msgspec


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What of a document is to be seen: a page, from 1, ``width`` pixels wide.

    ``part`` is the path of the file within the document, as `Chunk.part` has it; what says
    ``text`` is marked on the page.
    """

    page: int
    width: int
    part: str = ""
    text: str = ""


class PageImages(Protocol):
    """Pages of documents as pictures."""

    async def draw(self, blob: Path, view: View, *, name: str) -> bytes:
        """Return the picture, a WebP.

        Raises ``NotFound`` for a page or a part that there is not, and ``UnreadableDocument``
        for a file that cannot be read, or that has no pages to be drawn.
        """
        ...
