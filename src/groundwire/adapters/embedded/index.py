"""`SqliteIndex`: chunks, their words and the spaces of their vectors.

What is in the file is the truth: a vector in another store counts only while its chunk is
marked as having one. So a store that fails, lags or comes back from a backup can hide passages,
but never show a wrong one.
"""

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

import apsw

from groundwire.adapters.embedded import marks, space
from groundwire.adapters.embedded.chunks import SqliteChunks
from groundwire.adapters.embedded.space import HERE, Space
from groundwire.adapters.embedded.vector_spaces import SpaceElsewhere, SpaceHere
from groundwire.model.documents import Chunk, Terms
from groundwire.model.errors import VectorsUnavailable
from groundwire.model.ids import DocumentId, WorkspaceId
from groundwire.ports.vector_store import VectorStore

logger = logging.getLogger(__name__)

# So many vectors are removed with one request.
SWEPT_AT_ONCE = 500

SqliteSpace = SpaceHere | SpaceElsewhere


class SqliteIndex(SqliteChunks):
    """A `ChunkStore` and a `VectorIndex`."""

    def __init__(
        self,
        path: Path,
        *,
        embedder: str,
        address: str = "",
        vectors: VectorStore | None = None,
    ) -> None:
        """Open the file for ``embedder``, which is asked at ``address``.

        If it has vectors of another one, or in another place than ``vectors``, which is the file
        itself without, these serve on, and the space of this one is coming.
        """
        super().__init__(path)
        self._vectors = vectors
        self._changing = asyncio.Lock()
        self._settle(path, embedder, address, vectors.place if vectors else HERE)

    @property
    def serving(self) -> SqliteSpace:
        return self._serving

    @property
    def coming(self) -> SqliteSpace | None:
        return self._coming

    async def switch(self) -> bool:
        coming = self._coming

        def serve(switched: bool) -> None:  # noqa: FBT001 (as the writer calls it)
            if switched and coming is not None:
                self._serving, self._coming = coming, None

        if not await self._store.write(space.switch, then=serve):
            return False
        # In a step of its own: who found the former one serving before may still be searching it.
        await self._store.write(space.purge)
        await self.sweep()
        return True

    async def replace(
        self,
        workspace: WorkspaceId,
        document: DocumentId,
        chunks: Sequence[Chunk],
        *,
        title: str = "",
        terms: Sequence[Terms] | None = None,
    ) -> None:
        await super().replace(workspace, document, chunks, title=title, terms=terms)
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

    async def sweep(self) -> None:
        """Remove from the store what does not count any more; if that fails, another time."""
        if self._vectors is None:
            return
        try:
            while await self._sweep_some(self._vectors):
                pass
        except VectorsUnavailable as error:
            logger.warning("vectors that are not needed stay for now: %s", error.message)

    async def _sweep_some(self, vectors: VectorStore) -> bool:
        place = vectors.place
        async with self._changing:
            stale = await self._store.read(lambda db: marks.list_stale(db, place, SWEPT_AT_ONCE))
            for collection, chunks in stale.items():
                await vectors.remove(collection, chunks)
                await self._store.write(
                    lambda db, name=collection, ids=chunks: marks.forget(db, place, name, ids),
                    sync=False,
                )
        return bool(stale)

    def _settle(self, path: Path, embedder: str, address: str, place: str) -> None:
        db = apsw.Connection(str(path))
        try:
            with db:
                space.settle(db, embedder, address, place)
            serving, coming = space.find(db, "serving"), space.find(db, "coming")
        finally:
            db.close()
        assert serving is not None
        self._serving = self._open(serving)
        self._coming = None if coming is None else self._open(coming)

    def _open(self, found: Space) -> SqliteSpace:
        if self._vectors is None or found.place == HERE:
            return SpaceHere(self._store, found)
        return SpaceElsewhere(self._store, found, self._vectors, self._changing)
