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

from groundwire.ports.embedder import Embedder
from groundwire.ports.passage_index import Hit
from groundwire.retrieve.fuse import read_cosines
from groundwire.retrieve.language import is_chinese

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SHARE = 0.5
# Of any subject, and of none twice.
ENGLISH = (
    "How does a kangaroo carry its young?",
    "Who painted the ceiling of the chapel?",
    "When does the last tram leave the depot?",
    "How many grams of flour does the recipe need?",
    "Which team won the final after a penalty shoot-out?",
    "What does the lease say about keeping pets?",
    "Why do leaves turn red in autumn?",
    "How is the valve of the washing machine replaced?",
    "Which composer wrote the second symphony?",
    "What is the interest rate of the loan?",
    "Which vitamin protects against scurvy?",
)
CHINESE = (
    "袋鼠怎样携带它的幼崽？",
    "谁画了礼拜堂的天花板？",
    "末班电车几点离开车库？",
    "这个食谱需要多少克面粉？",
    "哪支球队在点球大战后赢得了决赛？",
    "租约中关于饲养宠物有什么规定？",
    "树叶为什么在秋天变红？",
    "怎样更换洗衣机的进水阀？",
    "第二交响曲是哪位作曲家写的？",
    "这笔贷款的利率是多少？",
    "哪种维生素可以预防坏血病？",
)


@dataclass(frozen=True, slots=True)
class Question:
    """A unit vector to look up, and how to read the cosines that come of it."""

    vector: "NDArray[np.float32]"
    length: float
    background: float

    def read(self, hits: Sequence[Hit]) -> list[Hit]:
        """Return ``hits`` with cosines as those of the whole question would be, but for chance."""
        shared = SHARE * self.background
        whole = [Hit(hit.chunk, hit.score * self.length + shared) for hit in hits]
        return read_cosines(whole, self.background)


class Questions:
    """Embeds questions; the first in each language waits for those that it is compared with."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._common: dict[bool, asyncio.Task[NDArray[np.float32]]] = {}

    async def embed(self, text: str) -> Question:
        """Raises ``ModelUnavailable``."""
        vectors = await self._embedder.embed([text], kind="query")
        rest = vectors[0] - SHARE * await self._mean(chinese=is_chinese(text))
        length = float(rest @ rest) ** 0.5
        return Question(rest / length, length, await self._embedder.background())

    async def _mean(self, *, chinese: bool) -> "NDArray[np.float32]":
        task = self._common.get(chinese)
        if task is None or (task.done() and (task.cancelled() or task.exception())):
            task = asyncio.create_task(self._embed_all(CHINESE if chinese else ENGLISH))
            self._common[chinese] = task
        # A question that waits no longer leaves it to the next.
        return await asyncio.shield(task)

    async def _embed_all(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        return (await self._embedder.embed(texts, kind="query")).mean(axis=0)
