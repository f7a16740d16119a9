"""A workspace with documents in real files, and what may go wrong while it is searched."""

import asyncio
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import apsw
import numpy as np
from numpy.typing import NDArray

from groundwire.adapters.embedded.documents import SqliteDocuments, SqliteWorkspaces
from groundwire.adapters.embedded.event_log import SqliteEventLog
from groundwire.adapters.embedded.index import SqliteIndex
from groundwire.adapters.embedded.lease import Counter
from groundwire.adapters.embedded.store import Store
from groundwire.adapters.embedder.scripted import ScriptedEmbedder
from groundwire.bootstrap import utc_now
from groundwire.model.documents import Chunk, Document
from groundwire.model.errors import ModelUnavailable
from groundwire.model.ids import ChunkId, DocumentId, PrincipalId, WorkspaceId, workspace_log
from groundwire.ports.documents import Workspace
from groundwire.ports.embedder import Embedder
from groundwire.retrieve.meaning import Meanings
from groundwire.retrieve.rerank import Reranking
from groundwire.retrieve.search import Search

HOME = WorkspaceId("ws_home")
THEN = datetime(2026, 1, 1, tzinfo=UTC)
SCHEMA = Path(__file__).parents[2] / "src/groundwire/adapters/embedded/migrations"


class MissingEmbedder(ScriptedEmbedder):
    async def embed(
        self, texts: Sequence[str], *, kind: Literal["query", "passage"]
    ) -> NDArray[np.float32]:
        raise ModelUnavailable("The weights are missing.")


class SlowEmbedder(ScriptedEmbedder):
    async def embed(
        self, texts: Sequence[str], *, kind: Literal["query", "passage"]
    ) -> NDArray[np.float32]:
        await asyncio.Event().wait()
        raise AssertionError


class Library:
    """A workspace with documents in real files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._store = Store(folder / "log.db", SCHEMA)
        self._log = SqliteEventLog(self._store, utc_now, Counter(folder / "seen"))
        self.documents = SqliteDocuments(self._store, self._log)
        self.index = SqliteIndex(folder / "index.db", embedder="scripted")
        self.embedder = ScriptedEmbedder()

    async def open(self) -> None:
        await self._log.create(workspace_log(HOME), name=HOME)
        home = Workspace(id=HOME, name="Home", created_at=THEN)
        await SqliteWorkspaces(self._store).create(home, owner=PrincipalId("p_owner"))

    def close(self) -> None:
        self.index.close()
        self._store.close()

    async def put(
        self, title: str, *texts: str, embedded: bool = True, paged: bool = True
    ) -> DocumentId:
        id = DocumentId(f"doc_{title}")
        document = Document(
            id=id,
            workspace=HOME,
            title=title,
            media_type="text/plain",
            size_bytes=1,
            digest=title,
            created_at=THEN,
        )
        await self.documents.add(document)
        chunks = [
            Chunk(
                id=ChunkId(f"{id}:{n}"),
                document=id,
                position=n,
                text=text,
                page=n + 1 if paged else None,
            )
            for n, text in enumerate(texts)
        ]
        await self.index.replace(HOME, id, chunks, title=title)
        if embedded:
            vectors = await self.embedder.embed(texts, kind="passage")
            await self.index.serving.add(HOME, id, [chunk.id for chunk in chunks], vectors)
        return id

    def drop(self, table: str) -> None:
        """Break the index's file, as a fault of the disk might."""
        with closing(apsw.Connection(str(self._folder / "index.db"))) as db:
            db.execute(f"DROP TABLE {table}")

    def search(
        self,
        embedder: Embedder | None = None,
        patience_s: float = 5.0,
        reranking: Reranking | None = None,
    ) -> Search:
        return Search(
            chunks=self.index,
            meanings=Meanings(self.index, [embedder or self.embedder]),
            documents=self.documents,
            patience_s=patience_s,
            reranking=reranking,
        )
