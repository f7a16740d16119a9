"""Questions to the vectors that they are looked up with: less what all questions share.

Vectors of one model have much in common: those of multilingual-e5 have a cosine of some 0.8
with one another. Some passages are near to whatever is asked, most of all in another language:
lines of code to a Chinese question. Half of the mean of questions that have nothing to do with
one another is taken off, so that such passages come near no more; see ADR 7 for what it does.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundwire.model.errors import OtherSpace
from groundwire.model.ids import ChunkId
from groundwire.ports.embedder import Embedder, Unrelated
from groundwire.ports.passage_index import Hit
from groundwire.retrieve.fuse import Near, read_cosines
from groundwire.retrieve.language import is_chinese

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]

SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Question:
    """A unit vector to look up, and how to read the cosines that come of it.

    ``same`` and ``other`` are such cosines with passages about nothing in particular, in the
    question's language and in another.
    """

    vector: "Vector"
    length: float
    background: float
    same: float
    other: float

    def read(self, hits: Sequence[Hit]) -> Near:
        """Return ``hits`` with cosines as those of the whole question would be, but for chance."""
        same, other = (Hit(ChunkId(""), cosine) for cosine in (self.same, self.other))
        same, other, *near = self._read([same, other, *hits])
        return Near(near, same.score, other.score)

    def _read(self, hits: Sequence[Hit]) -> list[Hit]:
        shared = SHARE * self.background
        whole = [Hit(hit.chunk, hit.score * self.length + shared) for hit in hits]
        return read_cosines(whole, self.background)


class Questions:
    """Embeds questions; the first waits for what they are compared with."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._unrelated: asyncio.Task[Unrelated] | None = None

    async def embed(self, text: str) -> Question:
        """Raises ``ModelUnavailable``, and ``OtherSpace`` if the vector has another length now."""
        vectors = await self._embedder.embed([text], kind="query")
        unrelated = await self._measured()
        own, other = unrelated.english, unrelated.chinese
        if is_chinese(text):
            own, other = other, own
        name, before, now = self._embedder.name, own.asked.shape[-1], vectors.shape[-1]
        if before != now:
            raise OtherSpace(f"{before} numbers by {name}", f"{now} numbers")
        rest = vectors[0] - SHARE * own.asked
        length = float(rest @ rest) ** 0.5
        unit = rest / length
        return Question(
            vector=unit,
            length=length,
            background=unrelated.background,
            same=float(unit @ own.passage),
            other=float(unit @ other.passage),
        )

    async def _measured(self) -> Unrelated:
        task = self._unrelated
        if task is None or (task.done() and (task.cancelled() or task.exception())):
            task = self._unrelated = asyncio.create_task(self._embedder.unrelated())
        # A question that waits no longer leaves it to the next.
        return await asyncio.shield(task)
