from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Protocol

from groundwire.model.ids import ChunkId, DocumentId, WorkspaceId
from groundwire.ports.passage_index import Hit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class VectorStore(Protocol):
    """Vectors by chunk, in a database that knows nothing of documents.

    A ``collection`` holds the vectors of one space and is made with its first vector; its name
    is of lower-case letters, digits and ``_``. What a store returns is checked against the
    chunks that there are, so it may lag behind. Every method may be repeated, and raises
    ``VectorsUnavailable`` if the store cannot be reached or refuses.
    """

    @property
    def place(self) -> str:
        """Says which store this is, to people and to us, without a password."""
        ...

    async def put(
        self,
        collection: str,
        workspace: WorkspaceId,
        document: DocumentId,
        chunks: Sequence[ChunkId],
        vectors: "NDArray[np.float32]",
    ) -> None:
        """Store one unit vector per chunk; a chunk that has one gets the new one."""
        ...

    async def remove(self, collection: str, chunks: Sequence[ChunkId]) -> None:
        """Forget the vectors of ``chunks``; those that are not there are no error."""
        ...

    async def nearest(
        self,
        collection: str,
        workspace: WorkspaceId,
        vector: "NDArray[np.float32]",
        *,
        limit: int,
        documents: Collection[DocumentId] | None,
    ) -> Sequence[Hit]:
        """Return the chunks of ``workspace`` with the highest cosine, best first.

        With ``documents``, of which there is one at least, of these alone. A collection that
        is not there has none.
        """
        ...

    async def check(self) -> str:
        """Return which product and version answers."""
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...
