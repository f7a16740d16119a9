"""`SqliteChunks`: chunks and their words, in a SQLite file of their own.

Its own file, so that a large ingest never delays the commits of the conversations' log.
"""

import asyncio
from collections.abc import Collection, Sequence
from pathlib import Path

import apsw

from groundwire.adapters.embedded import chunk_rows, staging, vector_blocks, word_search
from groundwire.adapters.embedded.store import Store
from groundwire.cut.terms import chunk_terms, cut_terms
from groundwire.model.documents import Chunk, Terms
from groundwire.model.ids import ChunkId, DocumentId, WorkspaceId
from groundwire.ports.passage_index import Hit, WordHits

MIGRATIONS = Path(__file__).parent / "index_migrations"


class SqliteChunks:
    """A `ChunkStore`.

    Words are ranked within their workspace alone: each has a table of its own, so that
    neither another tenant's texts nor their number show in a score.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._store = Store(path, MIGRATIONS, prepare=_prepare)
        self._counted = word_search.Frequencies()

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
        terms: Sequence[Terms] | None = None,
    ) -> None:
        if terms is None:
            terms = await asyncio.to_thread(lambda: [_terms(chunk, title) for chunk in chunks])
        drafts = [
            chunk_rows.draft(chunk, title, its) for chunk, its in zip(chunks, terms, strict=True)
        ]
        await self._store.write(
            lambda db: chunk_rows.replace(db, workspace, document, drafts),
            sync=False,
            then=self._counted.forget,
        )

    async def stage(
        self,
        workspace: WorkspaceId,
        document: DocumentId,
        chunks: Sequence[Chunk],
        *,
        title: str = "",
    ) -> None:
        drafts = [chunk_rows.draft(chunk, title) for chunk in chunks]
        await self._store.write(
            lambda db: staging.stage(db, workspace, document, drafts), sync=False
        )

    async def publish(self, document: DocumentId) -> None:
        await self._store.write(
            lambda db: staging.publish(db, document), sync=False, then=self._counted.forget
        )

    async def discard(self, document: DocumentId) -> None:
        await self._store.write(lambda db: staging.discard(db, document), sync=False)

    async def get(self, chunks: Sequence[ChunkId]) -> Sequence[Chunk]:
        return await self._store.read(lambda db: chunk_rows.get(db, chunks))

    async def remove(self, document: DocumentId) -> None:
        await self._store.write(
            lambda db: chunk_rows.remove(db, document), sync=False, then=self._counted.forget
        )

    async def list_documents(self) -> Collection[DocumentId]:
        return await self._store.read(chunk_rows.list_documents)

    async def search_words(
        self,
        workspace: WorkspaceId,
        query: str,
        *,
        limit: int,
        documents: Collection[DocumentId] | None = None,
    ) -> WordHits:
        terms = cut_terms(query)
        if not terms:
            return WordHits((), 0.0)
        wanted = word_search.Wanted(terms, limit, documents)
        return await self._store.read(
            lambda db: _search_words(db, workspace, wanted, self._counted)
        )


def _terms(chunk: Chunk, title: str) -> Terms:
    return chunk_terms(title, chunk.headings, chunk.text)


def _prepare(db: apsw.Connection) -> None:
    db.execute("PRAGMA temp_store = MEMORY").fetchall()
    vector_blocks.register(db)


def _search_words(
    db: apsw.Connection,
    workspace: WorkspaceId,
    wanted: word_search.Wanted,
    counted: word_search.Frequencies,
) -> WordHits:
    number = chunk_rows.find_workspace(db, workspace)
    if number is None:
        return WordHits((), 0.0)
    found = word_search.search(db, number, wanted, counted)
    ids = chunk_rows.ids_of(db, [row for row, _ in found.rows])
    hits = [Hit(ids[row], score) for row, score in found.rows if row in ids]
    if not hits:
        return WordHits((), 0.0)
    seen = chunk_rows.terms_of(db, found.rows[0][0])
    return WordHits(hits, word_search.coverage(found.weights, seen))
