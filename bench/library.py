"""A workspace of the entries of a set, as the product keeps one."""

import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bench.evalset import Entry, chunk_entry
from bench.vectors import RememberingEmbedder
from groundwire.adapters.embedded.documents import SqliteDocuments
from groundwire.adapters.embedded.event_log import SqliteEventLog
from groundwire.adapters.embedded.index import SqliteIndex
from groundwire.adapters.embedded.lease import Counter
from groundwire.adapters.embedded.store import Store
from groundwire.bootstrap import MIGRATIONS, utc_now
from groundwire.cut.chunk import embedding_text
from groundwire.model.documents import Document
from groundwire.model.ids import DocumentId, WorkspaceId
from groundwire.retrieve.meaning import Meanings
from groundwire.retrieve.rerank import Reranking
from groundwire.retrieve.search import Search

WORKSPACE = WorkspaceId("bench")


@dataclass(frozen=True)
class Library:
    """Both indexes and the documents of one workspace.

    ``reranked`` searches as ``search`` does and reranks, where there is a reranker.
    """

    index: SqliteIndex
    documents: SqliteDocuments
    embedder: RememberingEmbedder
    search: Search
    reranked: Search | None

    async def add(self, entries: Sequence[Entry]) -> None:
        cut = {entry.id: chunk_entry(entry) for entry in entries}
        texts = [embedding_text(chunk, entry.title) for entry in entries for chunk in cut[entry.id]]
        vectors = await self.embedder.embed(texts, kind="passage")
        done = 0
        for entry in entries:
            document, chunks = DocumentId(entry.id), cut[entry.id]
            await self.documents.add(_document(entry))
            await self.index.replace(WORKSPACE, document, chunks, title=entry.title)
            ids = [chunk.id for chunk in chunks]
            await self.index.serving.add(WORKSPACE, document, ids, vectors[done : done + len(ids)])
            done += len(ids)


@asynccontextmanager
async def open_library(
    embedder: RememberingEmbedder, reranking: Reranking | None = None
) -> AsyncGenerator[Library]:
    """Open an empty one, in a folder that is forgotten afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "groundwire.db", MIGRATIONS)
        index = SqliteIndex(Path(folder) / "index.db", embedder=embedder.name)
        log = SqliteEventLog(store, utc_now, Counter(Path(folder) / "seen"))
        documents = SqliteDocuments(store, log)
        meanings = Meanings(index, [embedder])
        search = partial(Search, chunks=index, meanings=meanings, documents=documents)
        reranked = search(reranking=reranking) if reranking else None
        try:
            yield Library(index, documents, embedder, search(), reranked)
        finally:
            index.close()
            store.close()


def _document(entry: Entry) -> Document:
    return Document(
        id=DocumentId(entry.id),
        workspace=WORKSPACE,
        title=entry.title,
        media_type="text/plain",
        size_bytes=len(entry.text),
        digest=entry.id,
        created_at=datetime.now(UTC),
        status="ready",
        searchable="meaning",
    )
