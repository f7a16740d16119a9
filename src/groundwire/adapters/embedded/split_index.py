"""`SplitIndex`: chunks and words here, vectors in a store elsewhere.

What is here is the truth: a vector counts only while its chunk is marked as having one. So a
store that fails, lags or comes back from a backup can hide passages, but never show a wrong one.
"""

import asyncio
import logging
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from groundwire.adapters.embedded import marks
from groundwire.adapters.embedded.chunks import SqliteChunks
from groundwire.model.documents import Chunk
from groundwire.model.errors import VectorsUnavailable
from groundwire.model.ids import ChunkId, DocumentId, WorkspaceId
from groundwire.ports.passage_index import Hit
from groundwire.ports.vector_store import VectorStore

logger = logging.getLogger(__name__)

# So many vectors are removed with one request.
SWEPT_AT_ONCE = 500
# Some of what is found may not count any more: so much more is asked for.
SPARE = 20
# A question waits no longer for the store: it is answered by the words.
PATIENCE_S = 5.0


class SplitIndex(SqliteChunks):
    """A `ChunkStore` and a `VectorIndex` over a `VectorStore`.

    Vectors are written in three steps: the chunks are noted as stale, the store is given
    their vectors, the note becomes a mark. Whatever stays noted, because a chunk was removed
    or a step failed, is swept out of the store when it can be reached.
    """

    def __init__(self, path: Path, *, embedder: str, vectors: VectorStore) -> None:
        super().__init__(path, embedder=embedder, place=vectors.place)
        self._vectors = vectors
        # A sweep must not take what is being put.
        self._changing = asyncio.Lock()

    async def replace(
        self,
        workspace: WorkspaceId,
        document: DocumentId,
        chunks: Sequence[Chunk],
        *,
        title: str = "",
    ) -> None:
        await super().replace(workspace, document, chunks, title=title)
        await self.sweep()

    async def publish(self, document: DocumentId) -> None:
        await super().publish(document)
        await self.sweep()

    async def discard(self, document: DocumentId) -> None:
        await super().discard(document)
        await self.sweep()

    async def remove(self, document: DocumentId) -> None:
        await super().remove(document)
        await self.sweep()

    async def add(
        self,
        workspace: WorkspaceId,
        document: DocumentId,
        chunks: Sequence[ChunkId],
        vectors: NDArray[np.float32],
    ) -> None:
        space = await self._settle_dimensions(vectors.shape[1])
        async with self._changing:
            there = await self._store.write(
                lambda db: marks.note_stale(db, space, workspace, document, chunks), sync=False
            )
            places = [place for place, chunk in enumerate(chunks) if chunk in there]
            kept = [chunks[place] for place in places]
            if kept:
                await self._vectors.put(
                    space.collection, workspace, document, kept, vectors[places]
                )
                await self._store.write(lambda db: marks.mark(db, space, kept), sync=False)

    async def search_meaning(
        self,
        workspace: WorkspaceId,
        vector: NDArray[np.float32],
        *,
        limit: int,
        documents: Collection[DocumentId] | None = None,
    ) -> Sequence[Hit]:
        nothing = documents is not None and not documents
        if nothing or not self._space.dimensions:
            return ()
        self._space.require(len(vector))
        try:
            async with asyncio.timeout(PATIENCE_S):
                found = await self._vectors.nearest(
                    self._space.collection,
                    workspace,
                    vector,
                    limit=limit + SPARE,
                    documents=documents,
                )
        except TimeoutError as error:
            raise VectorsUnavailable(
                f"{self._vectors.place} did not answer within {PATIENCE_S:g} s."
            ) from error
        ids = [hit.chunk for hit in found]
        count = await self._store.read(lambda db: marks.which_count(db, workspace, ids))
        return [hit for hit in found if hit.chunk in count][:limit]

    async def sweep(self) -> None:
        """Remove from the store what does not count any more; if that fails, another time."""
        async with self._changing:
            try:
                while await self._sweep_some():
                    pass
            except VectorsUnavailable as error:
                logger.warning("vectors that are not needed stay for now: %s", error.message)

    async def _sweep_some(self) -> bool:
        place = self._vectors.place
        stale = await self._store.read(lambda db: marks.list_stale(db, place, SWEPT_AT_ONCE))
        for collection, chunks in stale.items():
            await self._vectors.remove(collection, chunks)
            await self._store.write(
                lambda db, name=collection, ids=chunks: marks.forget(db, place, name, ids),
                sync=False,
            )
        return bool(stale)
