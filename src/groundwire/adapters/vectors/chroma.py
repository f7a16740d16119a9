"""Vectors in Chroma, in a folder of ours, by its library."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from groundwire.adapters.vectors.extras import need
from groundwire.model.errors import VectorsUnavailable
from groundwire.model.ids import ChunkId, DocumentId, WorkspaceId
from groundwire.ports.passage_index import Hit

T = TypeVar("T")

COSINE = {"hnsw": {"space": "cosine", "ef_search": 400}}


class ChromaVectors:
    """A `VectorStore`. Chroma's search is approximate: it may miss a chunk that is near.

    The library waits, so it is asked in a thread; one question at a time, since it is not said
    to be safe from several.
    """

    def __init__(self, folder: Path) -> None:
        self._chroma = need("chromadb", extra="chroma")
        self._folder = folder
        self._client: Any = None
        self._collections: dict[str, Any] = {}
        self._asking = asyncio.Lock()

    @property
    def place(self) -> str:
        return "chroma"

    async def put(
        self,
        collection: str,
        workspace: WorkspaceId,
        document: DocumentId,
        chunks: Sequence[ChunkId],
        vectors: NDArray[np.float32],
    ) -> None:
        about = [origin(workspace, document)] * len(chunks)

        def work() -> None:
            self._collection(collection).upsert(
                ids=list(chunks), embeddings=vectors, metadatas=about
            )

        await self._ask(work)

    async def remove(self, collection: str, chunks: Sequence[ChunkId]) -> None:
        await self._ask(lambda: self._collection(collection).delete(ids=list(chunks)))

    async def nearest(
        self,
        collection: str,
        workspace: WorkspaceId,
        vector: NDArray[np.float32],
        *,
        limit: int,
        documents: Collection[DocumentId] | None,
    ) -> Sequence[Hit]:
        found = await self._ask(
            lambda: self._collection(collection).query(
                query_embeddings=vector[None],
                n_results=limit,
                where=scope(workspace, documents),
                include=["distances"],
            )
        )
        return hits(found["ids"][0], found["distances"][0])

    async def check(self) -> str:
        return f"Chroma {await self._ask(lambda: self._connect().get_version())}"

    async def aclose(self) -> None:
        async with self._asking:
            client, self._client = self._client, None
            self._collections.clear()
            if client is not None:
                await asyncio.to_thread(client.close)

    def _collection(self, name: str) -> Any:
        if name not in self._collections:
            self._collections[name] = self._connect().get_or_create_collection(
                name, configuration=COSINE, embedding_function=None
            )
        return self._collections[name]

    def _connect(self) -> Any:
        if self._client is None:
            # Without this it tells its makers what is done with it.
            settings = self._chroma.Settings(anonymized_telemetry=False)
            self._client = self._chroma.PersistentClient(str(self._folder), settings)
        return self._client

    async def _ask(self, work: Callable[[], T]) -> T:
        async with self._asking:
            try:
                return await asyncio.to_thread(work)
            except Exception as error:
                # Its errors have no common ancestor but this.
                self._collections.clear()
                raise VectorsUnavailable(f"Chroma failed. It says: “{error}”.") from error


def origin(workspace: WorkspaceId, document: DocumentId) -> dict[str, str]:
    """Say in Chroma's words where a chunk is from."""
    return {"workspace": workspace, "document": document}


def hits(ids: Sequence[str], distances: Sequence[float]) -> list[Hit]:
    """Return what Chroma found, with its distances as cosines."""
    pairs = zip(ids, distances, strict=True)
    return [Hit(ChunkId(id), 1.0 - float(distance)) for id, distance in pairs]


def scope(workspace: WorkspaceId, documents: Collection[DocumentId] | None) -> dict[str, Any]:
    """Say in Chroma's words which chunks may be found."""
    here = {"workspace": workspace}
    if documents is None:
        return here
    return {"$and": [here, {"document": {"$in": list(documents)}}]}
