"""`SqliteIndex`: chunks, their words and their vectors, all in one SQLite file."""

from collections.abc import Collection, Sequence
from pathlib import Path

import apsw
import numpy as np
from numpy.typing import NDArray

from groundwire.adapters.embedded import chunk_rows, staging, vector_blocks
from groundwire.adapters.embedded.chunks import SqliteChunks
from groundwire.adapters.embedded.space import HERE
from groundwire.adapters.embedded.store import select_one
from groundwire.model.ids import ChunkId, DocumentId, WorkspaceId
from groundwire.ports.passage_index import Hit


class SqliteIndex(SqliteChunks):
    """A `ChunkStore` and a `VectorIndex`. A chunk and its vector leave in one transaction."""

    def __init__(self, path: Path, *, embedder: str) -> None:
        super().__init__(path, embedder=embedder, place=HERE)

    async def add(
        self,
        workspace: WorkspaceId,
        document: DocumentId,
        chunks: Sequence[ChunkId],
        vectors: NDArray[np.float32],
    ) -> None:
        await self._settle_dimensions(vectors.shape[1])
        await self._store.write(
            lambda db: _add(db, workspace, document, chunks, vectors), sync=False
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
        return await self._store.read(lambda db: _nearest(db, workspace, vector, limit, documents))


def _add(
    db: apsw.Connection,
    workspace: WorkspaceId,
    document: DocumentId,
    chunks: Sequence[ChunkId],
    vectors: NDArray[np.float32],
) -> None:
    number = chunk_rows.find_workspace(db, workspace)
    if number is None:
        return
    rows, places = list[int](), list[int]()
    for place, chunk in enumerate(chunks):
        found = select_one(
            db,
            "SELECT row, embedded, staged FROM chunks "
            "WHERE id = ? AND document = ? AND workspace = ?",
            (chunk, document, number),
        )
        # The document may have been replaced or removed while its vectors were made.
        if found is None:
            continue
        row, before, staged = found
        if staged:
            staging.keep_vector(db, row, vectors[place])
            continue
        if before:
            vector_blocks.drop(db, row, before)
        rows.append(row)
        places.append(place)
    if not rows:
        return
    blocks = vector_blocks.put(db, number, rows, vectors[places])
    db.executemany("UPDATE chunks SET embedded = ? WHERE row = ?", zip(blocks, rows, strict=True))


def _nearest(
    db: apsw.Connection,
    workspace: WorkspaceId,
    vector: NDArray[np.float32],
    limit: int,
    documents: Collection[DocumentId] | None,
) -> Sequence[Hit]:
    number = chunk_rows.find_workspace(db, workspace)
    if number is None:
        return ()
    among = None if documents is None else chunk_rows.rows_of(db, number, documents)
    found = vector_blocks.nearest(db, number, vector, limit=limit, among=among)
    ids = chunk_rows.ids_of(db, [row for row, _ in found])
    return [Hit(ids[row], score) for row, score in found if row in ids]
