"""What was read is said in chunks if they are wanted, by the process that read it."""

from collections.abc import Callable

import msgspec

from groundwire.adapters.parsers.messages import Chunks, Request
from groundwire.cut.chunk import chunk_blocks
from groundwire.cut.terms import chunk_terms
from groundwire.model.documents import Parsed
from groundwire.model.ids import DocumentId

# About a megabyte of text: a message of any length would be one more copy of a long document.
TOGETHER = 1_000
NOBODYS = DocumentId("")


class Cutter:
    """Cuts what is read for ``request``, and hands the chunks to ``say``."""

    def __init__(self, request: Request, say: Callable[[Chunks], None]) -> None:
        self._request = request
        self._say = say

    def cut(self, parsed: Parsed) -> Parsed:
        """Say the chunks of ``parsed`` and return it without its blocks, or all of it if no
        chunks are wanted.
        """
        if not self._request.cut:
            return parsed
        title = self._request.name
        chunks = chunk_blocks(NOBODYS, parsed.blocks)
        for start in range(0, len(chunks), TOGETHER):
            some = chunks[start : start + TOGETHER]
            terms = [chunk_terms(title, chunk.headings, chunk.text) for chunk in some]
            self._say(Chunks(some, terms))
        return msgspec.structs.replace(parsed, blocks=())
