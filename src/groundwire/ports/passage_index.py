from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from groundwire.model.documents import Chunk, Terms
from groundwire.model.ids import ChunkId, DocumentId, WorkspaceId

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Hit(NamedTuple):
    """A chunk and its raw score, higher is better: BM25 for words, cosine for meaning."""

    chunk: ChunkId
    score: float


class WordHits(NamedTuple):
    """The best chunks by words, and what share of the question they could see.

    ``coverage`` in 0…1 is the share of the query's terms, weighted by inverse document
    frequency in this workspace, that the best hit contains. It is low where words are
    blind: another language, another wording.
    """

    hits: Sequence[Hit]
    coverage: float


class ChunkStore(Protocol):
    """The chunks of each document, and the index of their words, which are one."""

    async def replace(
        self,
        workspace: WorkspaceId,
        document: DocumentId,
        chunks: Sequence[Chunk],
        *,
        title: str = "",
        terms: Sequence[Terms] | None = None,
    ) -> None:
        """Make ``chunks`` all that ``document`` has, and searchable by words, in one step.

        The words of ``title`` and of each chunk's headings find the chunk as well: ``terms`` are
        what `chunk_terms` gives for each, which is asked here if they are not given.
        Chunks that were there before are gone with their embeddings; doing it again with
        the same chunks changes nothing and keeps the embeddings of unchanged chunks.
        """
        ...

    async def stage(
        self,
        workspace: WorkspaceId,
        document: DocumentId,
        chunks: Sequence[Chunk],
        *,
        title: str = "",
    ) -> None:
        """Keep the chunks of the document's next version, in place of those staged before.

        They get their embeddings as others do, and no search finds them before `publish`.
        Their ids are those of no chunk that the document has.
        """
        ...

    async def publish(self, document: DocumentId) -> None:
        """Make what is staged all that ``document`` has, with its embeddings, in one step.

        If nothing is staged, nothing changes.
        """
        ...

    async def discard(self, document: DocumentId) -> None:
        """Forget what is staged of ``document``. Nothing there is no error."""
        ...

    async def get(self, chunks: Sequence[ChunkId]) -> Sequence[Chunk]:
        """Return those of ``chunks`` that exist, in the order asked for."""
        ...

    async def remove(self, document: DocumentId) -> None:
        """Forget the document's chunks, words and embeddings. Nothing there is no error."""
        ...

    async def list_documents(self) -> Collection[DocumentId]:
        """Return the documents that have chunks, of all workspaces."""
        ...

    async def search_words(
        self,
        workspace: WorkspaceId,
        query: str,
        *,
        limit: int,
        documents: Collection[DocumentId] | None = None,
    ) -> WordHits:
        """Return the best chunks of ``workspace`` by BM25, best first.

        With ``documents``, of these alone; what a word weighs is told by the whole workspace.
        """
        ...


class Unembedded(NamedTuple):
    """A chunk without a vector, and the ``title`` of its document."""

    workspace: WorkspaceId
    title: str
    chunk: Chunk


class Count(NamedTuple):
    """``done`` of ``total`` chunks have their vector."""

    done: int
    total: int


class VectorSpace(Protocol):
    """The vectors of one embedder, all of one length, each of a chunk.

    Every chunk that there is belongs to every space, with or without a vector. What is asked
    of a space is answered by its own vectors: those of another one are not within its reach. A
    vector of another length raises ``OtherSpace``; so does a search in a space that another one
    has taken the place of. Where vectors lie in a store of their own, its absence raises
    ``VectorsUnavailable``.
    """

    @property
    def embedder(self) -> str:
        """The name of the embedder whose vectors these are."""
        ...

    @property
    def address(self) -> str:
        """Where this embedder is asked, without a password; '' if that is not known."""
        ...

    async def add(
        self,
        workspace: WorkspaceId,
        document: DocumentId,
        chunks: Sequence[ChunkId],
        vectors: "NDArray[np.float32]",
    ) -> None:
        """Store one unit vector per chunk; a chunk that has one gets the new one.

        ``vectors`` has the shape (len(chunks), dimensions). All or none. One for a chunk, or a
        space, that is gone is not kept.
        """
        ...

    async def list_unembedded(self) -> Sequence[DocumentId]:
        """Return the documents that have chunks without a vector."""
        ...

    async def without_embedding(self, document: DocumentId, *, limit: int) -> Sequence[Chunk]:
        """Return the document's next chunks that have no vector yet, by position.

        If some are staged, of these.
        """
        ...

    async def newest_unembedded(self, *, limit: int) -> Sequence[Unembedded]:
        """Return the chunks without a vector that came last, of whatever document."""
        ...

    async def find_unembedded(self, chunks: Sequence[ChunkId]) -> Collection[ChunkId]:
        """Return those of ``chunks`` that have no vector."""
        ...

    async def count(self) -> Mapping[WorkspaceId, Count]:
        """Return how many chunks have their vector, by workspace. Looks at all of them."""
        ...

    async def search_meaning(
        self,
        workspace: WorkspaceId,
        vector: "NDArray[np.float32]",
        *,
        limit: int,
        documents: Collection[DocumentId] | None = None,
    ) -> Sequence[Hit]:
        """Return the chunks of ``workspace`` with the highest cosine, best first.

        With ``documents``, of these alone.
        """
        ...


class VectorIndex(Protocol):
    """Chunks by their meaning, in one space or, while another embedder takes over, in two."""

    @property
    def serving(self) -> VectorSpace:
        """The space that is searched."""
        ...

    @property
    def coming(self) -> VectorSpace | None:
        """The space that is to be searched once every chunk has a vector in it."""
        ...

    async def switch(self) -> bool:
        """Let the space that is coming serve, in one step, and drop the one before.

        ``False``, and nothing changes, as long as a chunk has no vector there.
        """
        ...
