"""Vectors in PostgreSQL with its extension pgvector."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from groundwire.adapters.vectors.extras import need
from groundwire.adapters.vectors.failures import unavailable
from groundwire.model.errors import InvalidField, VectorsUnavailable
from groundwire.model.ids import ChunkId, DocumentId, WorkspaceId
from groundwire.ports.passage_index import Hit

MOST_CONNECTIONS = 4
TIMEOUT_S = 20.0
_SCHEMA = """
CREATE EXTENSION IF NOT EXISTS vector;
CREATE TABLE IF NOT EXISTS {table} (
    chunk     text PRIMARY KEY,
    workspace text NOT NULL,
    document  text NOT NULL,
    embedding vector NOT NULL
);
CREATE INDEX IF NOT EXISTS {table}_scope ON {table} (workspace, document);
"""
_PUT = """
INSERT INTO {table} VALUES ($1, $2, $3, $4::text::vector)
ON CONFLICT (chunk) DO UPDATE
SET workspace = excluded.workspace, document = excluded.document, embedding = excluded.embedding
"""
_REMOVE = "DELETE FROM {table} WHERE chunk = ANY ($1)"
_NEAREST = """
SELECT chunk, 1 - (embedding <=> $2::text::vector) AS cosine FROM {table}
WHERE workspace = $1 AND ($3::text[] IS NULL OR document = ANY ($3))
ORDER BY embedding <=> $2::text::vector LIMIT $4
"""


class PostgresVectors:
    """A `VectorStore`, exact: all vectors of a workspace are looked at."""

    def __init__(self, address: str) -> None:
        """``address`` is a URL as libpq takes it, ``postgresql://USER:PASSWORD@HOST:PORT/NAME``."""
        self._asyncpg = need("asyncpg", extra="postgres")
        try:
            url = urlsplit(address)
            self._place = f"postgresql://{url.hostname}:{url.port or 5432}{url.path}"
        except ValueError as error:
            raise InvalidField("vectors", f"GROUNDWIRE_VECTORS: {error}.") from error
        self._address = address
        self._pool: Any = None
        self._opening = asyncio.Lock()
        self._tables: set[str] = set()

    @property
    def place(self) -> str:
        return self._place

    async def put(
        self,
        collection: str,
        workspace: WorkspaceId,
        document: DocumentId,
        chunks: Sequence[ChunkId],
        vectors: NDArray[np.float32],
    ) -> None:
        rows = [
            (chunk, workspace, document, _text(vector))
            for chunk, vector in zip(chunks, vectors, strict=True)
        ]
        async with self._connection(collection) as db:
            await db.executemany(_PUT.format(table=collection), rows)

    async def remove(self, collection: str, chunks: Sequence[ChunkId]) -> None:
        async with self._connection(collection) as db:
            await db.execute(_REMOVE.format(table=collection), list(chunks))

    async def nearest(
        self,
        collection: str,
        workspace: WorkspaceId,
        vector: NDArray[np.float32],
        *,
        limit: int,
        documents: Collection[DocumentId] | None,
    ) -> Sequence[Hit]:
        among = None if documents is None else list(documents)
        async with self._connection(collection) as db:
            found = await db.fetch(
                _NEAREST.format(table=collection), workspace, _text(vector), among, limit
            )
        return [Hit(ChunkId(row["chunk"]), float(row["cosine"])) for row in found]

    async def check(self) -> str:
        async with self._connection(None) as db:
            server = await db.fetchval("SHOW server_version")
            vector = await db.fetchval(
                "SELECT default_version FROM pg_available_extensions WHERE name = 'vector'"
            )
        if vector is None:
            raise VectorsUnavailable(f"PostgreSQL ({self.place}) has no extension pgvector.")
        return f"PostgreSQL {server}, pgvector {vector}"

    async def aclose(self) -> None:
        if self._pool is not None:
            pool, self._pool = self._pool, None
            await pool.close()

    @asynccontextmanager
    async def _connection(self, table: str | None) -> AsyncGenerator[Any]:
        """Yield a connection to a database that has ``table``, if one is wanted."""
        try:
            pool = await self._open()
            async with pool.acquire(timeout=TIMEOUT_S) as db:
                if table is not None and table not in self._tables:
                    await db.execute(_SCHEMA.format(table=table))
                    self._tables.add(table)
                yield db
        except (
            OSError,
            ValueError,
            self._asyncpg.PostgresError,
            self._asyncpg.InterfaceError,
        ) as error:
            self._tables.clear()
            raise unavailable(f"PostgreSQL ({self.place})", error) from error

    async def _open(self) -> Any:
        async with self._opening:
            if self._pool is None:
                self._pool = await self._asyncpg.create_pool(
                    self._address,
                    min_size=0,
                    max_size=MOST_CONNECTIONS,
                    timeout=TIMEOUT_S,
                    command_timeout=TIMEOUT_S,
                )
            return self._pool


def _text(vector: NDArray[np.float32]) -> str:
    return f"[{','.join(map(str, vector.tolist()))}]"
