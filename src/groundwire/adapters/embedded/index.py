"""`SqliteIndex`: chunks, their words and their vectors, in a SQLite file of their own.

Its own file, so that a large ingest never delays the commits of the conversations' log.
"""

import asyncio
from collections.abc import Collection, Sequence
from pathlib import Path

import apsw
import numpy as np
from numpy.typing import NDArray

from groundwire.adapters.embedded import chunk_rows, vector_blocks, word_search
from groundwire.adapters.embedded.store import Store, select_one
from groundwire.adapters.embedded.words import cut_terms
from groundwire.model.documents import Chunk
from groundwire.model.ids import ChunkId, DocumentId, WorkspaceId
from groundwire.ports.passage_index import Hit, WordHits

MIGRATIONS = Path(__file__).parent / "index_migrations"


class SqliteIndex:
    """A `ChunkStore` and a `VectorIndex`.

    Words are ranked within their workspace alone: each has a table of its own, so that
    neither another tenant's texts nor their number show in a score. Vectors are scanned
    exactly, within the workspace's blocks.
    """

    def __init__(self, path: Path, *, embedder: str, dimensions: int) -> None:
        """Open the file. Vectors of another ``embedder`` are dropped, to be made again."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._store = Store(path, MIGRATIONS, prepare=_prepare)
        self._counted = word_search.Frequencies()
        _settle_space(path, embedder, dimensions)

    def close(self) -> None:
        """Finish what is being written. Blocks for as long as that takes."""
        self._store.close()

    async def replace(
        self,
        workspace: WorkspaceId,
        document: DocumentId,
        chunks: Sequence[Chunk],
        *,
        title: str = "",
    ) -> None:
        drafts = await asyncio.to_thread(
            lambda: [chunk_rows.draft(chunk, title) for chunk in chunks]
        )
        await self._store.write(
            lambda db: chunk_rows.replace(db, workspace, document, drafts),
            sync=False,
            then=self._counted.forget,
        )

    async def get(self, chunks: Sequence[ChunkId]) -> Sequence[Chunk]:
        return await self._store.read(lambda db: chunk_rows.get(db, chunks))

    async def remove(self, document: DocumentId) -> None:
        await self._store.write(
            lambda db: chunk_rows.remove(db, document), sync=False, then=self._counted.forget
        )

    async def search_words(self, workspace: WorkspaceId, query: str, *, limit: int) -> WordHits:
        terms = cut_terms(query)
        if not terms:
            return WordHits((), 0.0)
        return await self._store.read(
            lambda db: _search_words(db, workspace, terms, self._counted, limit)
        )

    async def add(
        self,
        workspace: WorkspaceId,
        document: DocumentId,
        chunks: Sequence[ChunkId],
        vectors: NDArray[np.float32],
    ) -> None:
        await self._store.write(
            lambda db: _add(db, workspace, document, chunks, vectors), sync=False
        )

    async def without_embedding(self, document: DocumentId, *, limit: int) -> Sequence[Chunk]:
        return await self._store.read(lambda db: chunk_rows.without_embedding(db, document, limit))

    async def search_meaning(
        self,
        workspace: WorkspaceId,
        vector: NDArray[np.float32],
        *,
        limit: int,
        documents: Collection[DocumentId] | None = None,
    ) -> Sequence[Hit]:
        return await self._store.read(
            lambda db: _search_meaning(db, workspace, vector, limit, documents)
        )


def _prepare(db: apsw.Connection) -> None:
    db.execute("PRAGMA temp_store = MEMORY").fetchall()
    vector_blocks.register(db)


def _settle_space(path: Path, embedder: str, dimensions: int) -> None:
    db = apsw.Connection(str(path))
    try:
        with db:
            if db.execute("SELECT name, dimensions FROM space").fetchone() != (
                embedder,
                dimensions,
            ):
                _start_space(db, embedder, dimensions)
    finally:
        db.close()


def _start_space(db: apsw.Connection, embedder: str, dimensions: int) -> None:
    vector_blocks.drop_all(db)
    db.execute("UPDATE chunks SET embedded = 0")
    db.execute("DELETE FROM space")
    db.execute("INSERT INTO space VALUES (?, ?)", (embedder, dimensions))


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
            "SELECT row, embedded FROM chunks WHERE id = ? AND document = ? AND workspace = ?",
            (chunk, document, number),
        )
        # The document may have been replaced or removed while its vectors were made.
        if found is None:
            continue
        row, before = found
        if before:
            vector_blocks.drop(db, row, before)
        rows.append(row)
        places.append(place)
    blocks = vector_blocks.put(db, number, rows, vectors[places])
    db.executemany("UPDATE chunks SET embedded = ? WHERE row = ?", zip(blocks, rows, strict=True))


def _search_words(
    db: apsw.Connection,
    workspace: WorkspaceId,
    terms: Sequence[str],
    counted: word_search.Frequencies,
    limit: int,
) -> WordHits:
    number = chunk_rows.find_workspace(db, workspace)
    if number is None:
        return WordHits((), 0.0)
    found = word_search.search(db, number, terms, counted, limit=limit)
    hits = _hits(db, found.rows)
    if not hits:
        return WordHits((), 0.0)
    seen = chunk_rows.terms_of(db, found.rows[0][0])
    return WordHits(hits, word_search.coverage(found.weights, seen))


def _search_meaning(
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
    return _hits(db, vector_blocks.nearest(db, number, vector, limit=limit, among=among))


def _hits(db: apsw.Connection, rows: Sequence[tuple[int, float]]) -> list[Hit]:
    ids = chunk_rows.ids_of(db, [row for row, _ in rows])
    return [Hit(ids[row], score) for row, score in rows if row in ids]
