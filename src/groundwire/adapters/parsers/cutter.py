"""What was read is said in chunks if they are wanted, by the process that read it."""

from collections.abc import Callable

import msgspec

from groundwire.adapters.parsers.messages import Chunks, Request
from groundwire.cut.chunk import chunk_blocks
from groundwire.cut.terms import chunk_terms
from groundwire.model.documents import Parsed

# About a megabyte of text: a message of any length would be one more copy of a long document.
TOGETHER = 1_000


class Cutter:
    """Cuts what is read for ``request``, and hands the chunks to ``say``."""

    def __init__(self, request: Request, say: Callable[[Chunks], None]) -> None:
        self._title = request.name
        self._wanted = request.cutting
        self._position = request.cutting.position if request.cutting else 0
        self._say = say

    def cut(self, parsed: Parsed) -> Parsed:
        """Say the chunks of ``parsed`` and return it without its blocks, or all of it if no
        chunks are wanted.
        """
        if self._wanted is None:
            return parsed
        chunks = chunk_blocks(
            self._wanted.document,
            parsed.blocks,
            version=self._wanted.version,
            position=self._position,
        )
        self._position += len(chunks)
        for start in range(0, len(chunks), TOGETHER):
            some = chunks[start : start + TOGETHER]
            terms = [chunk_terms(self._title, chunk.headings, chunk.text) for chunk in some]
            self._say(Chunks(some, terms))
        return msgspec.structs.replace(parsed, blocks=())
