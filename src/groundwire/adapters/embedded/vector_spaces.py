"""What a space is to its users: `VectorSpace` over vectors that are here, or elsewhere."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

import apsw
import numpy as np
from numpy.typing import NDArray

from groundwire.adapters.embedded import chunk_rows, marks, space, staging, vector_blocks
from groundwire.adapters.embedded.space import Space
from groundwire.adapters.embedded.store import Store, select_one
from groundwire.model.documents import Chunk
from groundwire.model.errors import OtherSpace, VectorsUnavailable
from groundwire.model.ids import ChunkId, DocumentId, WorkspaceId
from groundwire.ports.passage_index import Count, Hit, Unembedded
from groundwire.ports.vector_store import VectorStore

T = TypeVar("T")

# Some of what is found may not count any more: so much more is asked for.
SPARE = 20
# A question waits no longer for the store: it is answered by the words.
PATIENCE_S = 5.0


class _Marked:
    """What a space knows of chunks, wherever its vectors are."""

    def __init__(self, store: Store, space: Space) -> None:
        self._store = store
        self._space = space

    @property
    def embedder(self) -> str:
        return self._space.embedder

    @property
    def address(self) -> str:
        return self._space.address

    async def list_unembedded(self) -> Sequence[DocumentId]:
        return await self._read(marks.list_documents, [])

    async def without_embedding(self, document: DocumentId, *, limit: int) -> Sequence[Chunk]:
        return await self._read(
            lambda db, number: marks.without_vector(db, number, document, limit), []
        )

    async def newest_unembedded(self, *, limit: int) -> Sequence[Unembedded]:
        return await self._read(
            lambda db, number: marks.newest_without_vector(db, number, limit), []
        )

    async def find_unembedded(self, chunks: Sequence[ChunkId]) -> Collection[ChunkId]:
        return await self._read(lambda db, number: marks.which_lack(db, number, chunks), set())

    async def count(self) -> Mapping[WorkspaceId, Count]:
        return await self._read(marks.count, {})

    async def _read(self, work: Callable[[apsw.Connection, int], T], if_gone: T) -> T:
        return await self._store.read(lambda db: self._run(db, work, if_gone))

    async def _write(self, work: Callable[[apsw.Connection, int], T], if_gone: T) -> T:
        return await self._store.write(lambda db: self._run(db, work, if_gone), sync=False)

    def _run(self, db: apsw.Connection, work: Callable[[apsw.Connection, int], T], if_gone: T) -> T:
        number, result = self._space.number, if_gone
        # All that is read is of one state of the file: the next one may be without this space.
        with db:
            if space.is_there(db, number):
                result = work(db, number)
        return result

    async def _settle_dimensions(self, count: int) -> Space:
        """Note how long vectors are, with the first of them. Raises ``OtherSpace``."""
        if not self._space.dimensions:
            self._space = await self._store.write(
                lambda db: space.settle_dimensions(db, self._space, count), sync=False
            )
        self._space.require(count)
        return self._space

    def _gone(self) -> OtherSpace:
        return OtherSpace("another embedder by now", self.embedder)


class SpaceHere(_Marked):
    """A `VectorSpace` in the file itself. A chunk and its vector leave in one transaction."""

    async def add(
        self,
        workspace: WorkspaceId,
        document: DocumentId,
        chunks: Sequence[ChunkId],
        vectors: NDArray[np.float32],
    ) -> None:
        await self._settle_dimensions(vectors.shape[1])
        await self._write(
            lambda db, number: _add(db, number, workspace, document, chunks, vectors), None
        )

    async def search_meaning(
        self,
        workspace: WorkspaceId,
        vector: NDArray[np.float32],
        *,
        limit: int,
        documents: Collection[DocumentId] | None = None,
    ) -> Sequence[Hit]:
        if not self._space.dimensions:
            return ()
        self._space.require(len(vector))
        hits = await self._read(
            lambda db, number: _nearest(db, number, workspace, vector, limit, documents), None
        )
        if hits is None:
            raise self._gone()
        return hits


class SpaceElsewhere(_Marked):
    """A `VectorSpace` over a `VectorStore`.

    Vectors are written in three steps: the chunks are noted as stale, the store is given
    their vectors, the note becomes a mark. Whatever stays noted, because a chunk was removed
    or a step failed, is swept out of the store when it can be reached; ``changing`` is held
    meanwhile, so that no sweep takes what is being put.
    """

    def __init__(
        self, store: Store, space: Space, vectors: VectorStore, changing: asyncio.Lock
    ) -> None:
        super().__init__(store, space)
        self._vectors = vectors
        self._changing = changing

    async def add(
        self,
        workspace: WorkspaceId,
        document: DocumentId,
        chunks: Sequence[ChunkId],
        vectors: NDArray[np.float32],
    ) -> None:
        space = await self._settle_dimensions(vectors.shape[1])
        async with self._changing:
            there = await self._write(
                lambda db, _: marks.note_stale(db, space, workspace, document, chunks), set()
            )
            places = [place for place, chunk in enumerate(chunks) if chunk in there]
            kept = [chunks[place] for place in places]
            if kept:
                await self._vectors.put(
                    space.collection, workspace, document, kept, vectors[places]
                )
                await self._write(lambda db, _: marks.mark(db, space, kept), None)

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
        count = await self._read(
            lambda db, number: marks.which_count(db, number, workspace, ids), None
        )
        if count is None:
            raise self._gone()
        return [hit for hit in found if hit.chunk in count][:limit]


def _add(
    db: apsw.Connection,
    number: int,
    workspace: WorkspaceId,
    document: DocumentId,
    chunks: Sequence[ChunkId],
    vectors: NDArray[np.float32],
) -> None:
    workspace_number = chunk_rows.find_workspace(db, workspace)
    if workspace_number is None:
        return
    rows, places = list[int](), list[int]()
    for place, chunk in enumerate(chunks):
        found = select_one(
            db,
            f"SELECT c.row, block, staged FROM chunks c JOIN embedded_{number} e ON e.row = c.row "
            "WHERE id = ? AND c.document = ? AND c.workspace = ?",
            (chunk, document, workspace_number),
        )
        # The document may have been replaced or removed while its vectors were made.
        if found is None:
            continue
        row, before, staged = found
        if staged:
            staging.keep_vector(db, number, row, vectors[place])
            continue
        if before:
            vector_blocks.drop(db, number, row, before)
        rows.append(row)
        places.append(place)
    if not rows:
        return
    blocks = vector_blocks.put(db, number, workspace_number, rows, vectors[places])
    staging.set_blocks(db, number, rows, blocks)


def _nearest(
    db: apsw.Connection,
    number: int,
    workspace: WorkspaceId,
    vector: NDArray[np.float32],
    limit: int,
    documents: Collection[DocumentId] | None,
) -> Sequence[Hit]:
    workspace_number = chunk_rows.find_workspace(db, workspace)
    if workspace_number is None:
        return ()
    among = None if documents is None else chunk_rows.rows_of(db, workspace_number, documents)
    found = vector_blocks.nearest(db, number, workspace_number, vector, limit=limit, among=among)
    ids = chunk_rows.ids_of(db, [row for row, _ in found])
    return [Hit(ids[row], score) for row, score in found if row in ids]
