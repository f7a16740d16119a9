"""What the pinned documents of a workspace say, from their beginnings on."""

from collections.abc import Container, Sequence
from dataclasses import dataclass

from groundwire.model.documents import Chunk, Document
from groundwire.model.ids import DocumentId, PassageId, WorkspaceId, chunk_id
from groundwire.model.passages import Passage
from groundwire.ports.documents import Documents
from groundwire.ports.passage_index import ChunkStore

MOST_CHUNKS = 512
"""How many chunks are read in all: more than half of any window holds."""

TRIES = 4
"""A document that takes its next version while it is read is read again."""


@dataclass(frozen=True, slots=True)
class Pinned:
    documents: Documents
    chunks: ChunkStore

    async def read(
        self, workspace: WorkspaceId, *, within: Container[DocumentId] | None = None
    ) -> list[Passage]:
        """Return the passages of the pinned documents by turns, so that each has its share.

        Of those ``within`` alone, if that is given.
        """
        passages: list[Passage] = []
        for _ in range(TRIES):
            pinned = await self.documents.list_pinned(workspace)
            there = [each for each in pinned if within is None or each.id in within]
            if not there:
                return []
            passages = await self._read(there)
            read = {passage.document for passage in passages}
            if all(each.id in read or each.searchable == "none" for each in there):
                break
        return passages

    async def _read(self, documents: Sequence[Document]) -> list[Passage]:
        share = max(1, MOST_CHUNKS // len(documents))
        by_id = {each.id: each for each in documents}
        ids = [chunk_id(each.id, n, each.version) for n in range(share) for each in documents]
        found = await self.chunks.get(ids[:MOST_CHUNKS])
        read = {chunk.document for chunk in found}
        # One whose next version is whole may have it in place of the present one already.
        next = [
            chunk_id(each.id, n, each.version + 1)
            for n in range(share)
            for each in documents
            if each.id not in read and each.next is not None and each.next.is_whole
        ]
        if next:
            found = [*found, *await self.chunks.get(next[:MOST_CHUNKS])]
        return [_passage(chunk, by_id[chunk.document]) for chunk in found]


def _passage(chunk: Chunk, document: Document) -> Passage:
    return Passage(
        id=PassageId(chunk.id),
        document=chunk.document,
        title=document.title,
        text=chunk.text,
        score=1.0,
        relevance=1.0,
        page=chunk.page,
        headings=chunk.headings,
        place=chunk.place,
        part=chunk.part,
        spots=chunk.spots,
        uri=document.uri,
        pinned=True,
    )
