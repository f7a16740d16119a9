"""Vectors in memory: the smallest store that there can be, and a test's fake."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from groundwire.model.ids import ChunkId, DocumentId, WorkspaceId
from groundwire.ports.passage_index import Hit


class Kept(NamedTuple):
    """A vector, and where its chunk is from."""

    workspace: WorkspaceId
    document: DocumentId
    vector: NDArray[np.float32]


class MemoryVectors:
    """A `VectorStore`, exact, forgotten with the process."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, ChunkId], Kept] = {}
        """All that there is, by collection and chunk."""

    @property
    def place(self) -> str:
        return "memory"

    async def put(
        self,
        collection: str,
        workspace: WorkspaceId,
        document: DocumentId,
        chunks: Sequence[ChunkId],
        vectors: NDArray[np.float32],
    ) -> None:
        for chunk, vector in zip(chunks, vectors, strict=True):
            self.kept[collection, chunk] = Kept(workspace, document, vector)

    async def remove(self, collection: str, chunks: Sequence[ChunkId]) -> None:
        for chunk in chunks:
            self.kept.pop((collection, chunk), None)

    async def nearest(
        self,
        collection: str,
        workspace: WorkspaceId,
        vector: NDArray[np.float32],
        *,
        limit: int,
        documents: Collection[DocumentId] | None,
    ) -> Sequence[Hit]:
        hits = [
            Hit(chunk, float(kept.vector @ vector))
            for (its, chunk), kept in self.kept.items()
            if (its, kept.workspace) == (collection, workspace)
            and (documents is None or kept.document in documents)
        ]
        return sorted(hits, key=lambda hit: -hit.score)[:limit]

    async def check(self) -> str:
        return "memory"

    async def aclose(self) -> None:
        pass
