"""Questions to the vectors that they are looked up with: less what all questions share.

Vectors of one model have much in common: those of multilingual-e5 have a cosine of some 0.8
with one another. Some passages are near to whatever is asked, most of all in another language:
lines of code to a Chinese question. Half of the mean of questions that have nothing to do with
one another is taken off, so that such passages come near no more; see ADR 7 for what it does.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from groundwire.model.ids import ChunkId
from groundwire.ports.embedder import Embedder
from groundwire.ports.passage_index import Hit
from groundwire.retrieve.fuse import Near, read_cosines
from groundwire.retrieve.language import is_chinese

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]

SHARE = 0.5
# Of any subject. Not all that is looked up is a question, so statements are among what is taken
# off; and as passages they show what a question has in common with any.
QUESTIONS = (
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
STATEMENTS = (
    "The contract ends with the calendar year unless one side extends it in writing three "
    "months before.",
    "Bread dough rises faster in a warm kitchen, but a slow rise overnight gives it more "
    "flavour and a better crust.",
    "The goalkeeper saved two penalties, and the match was decided in extra time by a header "
    "from the captain.",
    "The museum is closed on Mondays. Tickets are sold at the entrance and cost half for "
    "pupils and students.",
    "Patients who take this medicine should not drive, and should tell their doctor about any "
    "allergy.",
    "The bridge was finished in 1904 after six years of work and carries two tracks and a "
    "footpath.",
    "To empty the filter, switch off the device, unplug it and turn the lid to the left until "
    "it opens.",
    "Revenue grew by four per cent in the second quarter, while costs for energy and staff "
    "rose faster.",
    "The frigate bird cannot land on water, since its feathers are not waterproof; it sleeps "
    "while it flies.",
    "She left the village at sixteen to study the violin and later led an orchestra for twenty "
    "years.",
)
CHINESE_QUESTIONS = (
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
CHINESE_STATEMENTS = (
    "合同于日历年末终止，除非一方提前三个月以书面形式延长。",
    "面团在温暖的厨房里发得更快，但隔夜慢慢发酵会使味道更浓，外皮也更脆。",
    "守门员扑出了两个点球，比赛在加时赛中由队长的一记头球决定胜负。",
    "博物馆周一闭馆。门票在入口处出售，学生半价。",
    "服用本药的患者不宜驾驶车辆，如有过敏史应告知医生。",
    "这座桥历时六年，于1904年建成，设有两条轨道和一条人行道。",
    "清空滤网时，请先关闭设备并拔下电源，然后将盖子向左旋转直至打开。",
    "第二季度收入增长了百分之四，而能源和人员成本上涨得更快。",
    "军舰鸟的羽毛不防水，因此不能降落在水面上，它在飞行中睡觉。",
    "她十六岁离开村庄去学习小提琴，后来领导一支管弦乐团长达二十年。",
)


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


class _Common(NamedTuple):
    asked: "Vector"
    passage: "Vector"


class Questions:
    """Embeds questions; the first waits for what they are compared with."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._common: asyncio.Task[dict[bool, _Common]] | None = None

    async def embed(self, text: str) -> Question:
        """Raises ``ModelUnavailable``."""
        vectors = await self._embedder.embed([text], kind="query")
        common, chinese = await self._shared(), is_chinese(text)
        rest = vectors[0] - SHARE * common[chinese].asked
        length = float(rest @ rest) ** 0.5
        unit = rest / length
        return Question(
            vector=unit,
            length=length,
            background=await self._embedder.background(),
            same=float(unit @ common[chinese].passage),
            other=float(unit @ common[not chinese].passage),
        )

    async def _shared(self) -> dict[bool, _Common]:
        task = self._common
        if task is None or (task.done() and (task.cancelled() or task.exception())):
            task = self._common = asyncio.create_task(self._embed_all())
        # A question that waits no longer leaves it to the next.
        return await asyncio.shield(task)

    async def _embed_all(self) -> dict[bool, _Common]:
        both = {False: (QUESTIONS, STATEMENTS), True: (CHINESE_QUESTIONS, CHINESE_STATEMENTS)}
        common: dict[bool, _Common] = {}
        for chinese, (questions, statements) in both.items():
            asked = await self._embedder.embed((*questions, *statements), kind="query")
            passages = await self._embedder.embed(statements, kind="passage")
            common[chinese] = _Common(asked.mean(axis=0), passages.mean(axis=0))
        return common
