"""Texts to chunks by their meaning, so that nobody else has a vector in hands.

A vector says something only beside those of the same embedder. Here alone they are made and
compared, each by the embedder that its space is of: there is no way to mix them.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from groundwire.model.documents import Chunk
from groundwire.model.errors import OtherSpace
from groundwire.model.ids import DocumentId, WorkspaceId
from groundwire.ports.embedder import Embedder
from groundwire.ports.passage_index import VectorIndex, VectorSpace
from groundwire.retrieve.fuse import Near
from groundwire.retrieve.questions import Questions


@dataclass(frozen=True, slots=True)
class Meaning:
    """An embedder and the space of its vectors. Raises ``OtherSpace`` if that is not its own."""

    embedder: Embedder
    space: VectorSpace
    questions: Questions

    def __post_init__(self) -> None:
        if self.embedder.name != self.space.embedder:
            raise OtherSpace(self.space.embedder, self.embedder.name)

    async def add(
        self, workspace: WorkspaceId, chunks: Sequence[Chunk], texts: Sequence[str]
    ) -> None:
        """Embed ``texts``, by which ``chunks`` of a workspace are to be found.

        Raises ``ModelUnavailable`` and ``VectorsUnavailable``.
        """
        vectors = await self.embedder.embed(texts, kind="passage")
        rows = defaultdict[DocumentId, list[int]](list)
        for row, chunk in enumerate(chunks):
            rows[chunk.document].append(row)
        for document, its in rows.items():
            ids = [chunks[row].id for row in its]
            await self.space.add(workspace, document, ids, vectors[its])

    async def search(
        self,
        workspace: WorkspaceId,
        query: str,
        *,
        limit: int,
        documents: Collection[DocumentId] | None,
        patience_s: float,
    ) -> Near:
        """Return the nearest chunks, with cosines on the scale of `fuse.read_cosines`.

        Raises ``ModelUnavailable``, ``VectorsUnavailable`` and, if the embedder takes longer
        than ``patience_s``, ``TimeoutError``.
        """
        async with asyncio.timeout(patience_s):
            question = await self.questions.embed(query)
        hits = await self.space.search_meaning(
            workspace, question.vector, limit=limit, documents=documents
        )
        return question.read(hits)


class Meanings:
    """What is searched by meaning, and what will be once everything is embedded anew.

    ``why`` says why the last question that was asked of what serves got no answer.
    """

    def __init__(self, index: VectorIndex, embedders: Iterable[Embedder]) -> None:
        """Raises ``OtherSpace`` if a space of ``index`` has no embedder here."""
        self._index = index
        self._embedders = {embedder.name: embedder for embedder in embedders}
        self._questions = {name: Questions(each) for name, each in self._embedders.items()}
        self.why: str | None = None
        self._serving = self._of(index.serving)
        self._coming = None if index.coming is None else self._of(index.coming)

    @property
    def serving(self) -> Meaning:
        return self._serving

    @property
    def coming(self) -> Meaning | None:
        return self._coming

    async def switch(self) -> bool:
        """Let what is coming serve, if it is whole; return whether."""
        if not await self._index.switch():
            return False
        self._serving, self._coming = self._of(self._index.serving), None
        return True

    def _of(self, space: VectorSpace) -> Meaning:
        embedder = self._embedders.get(space.embedder)
        if embedder is None:
            raise OtherSpace(space.embedder, ", ".join(self._embedders))
        return Meaning(embedder, space, self._questions[embedder.name])
