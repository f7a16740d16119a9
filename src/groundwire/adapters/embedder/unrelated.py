"""Questions and statements of any subject, and what an embedder gives for no reason.

Not all that is looked up is a question, so statements are among what is asked; and as passages
they show what a question has in common with any.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from groundwire.ports.embedder import Common, Unrelated

ENGLISH_QUESTIONS = (
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
ENGLISH_STATEMENTS = (
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


class Embed(Protocol):
    """`Embedder.embed`."""

    async def __call__(
        self, texts: Sequence[str], *, kind: Literal["query", "passage"]
    ) -> NDArray[np.float32]: ...


async def measure(embed: Embed) -> Unrelated:
    """Return what ``embed`` gives for these texts. Raises what ``embed`` raises."""
    questions, english = await _measure(embed, ENGLISH_QUESTIONS, ENGLISH_STATEMENTS)
    others, chinese = await _measure(embed, CHINESE_QUESTIONS, CHINESE_STATEMENTS)
    passage = (english.passage + chinese.passage) / 2
    background = float((questions + others) / 2 @ passage)
    return Unrelated(background=background, english=english, chinese=chinese)


async def _measure(
    embed: Embed, questions: Sequence[str], statements: Sequence[str]
) -> tuple[NDArray[np.float32], Common]:
    """Return the mean of ``questions`` as well: a statement and itself are not unrelated."""
    asked = await embed((*questions, *statements), kind="query")
    passages = await embed(statements, kind="passage")
    return asked[: len(questions)].mean(axis=0), Common(asked.mean(axis=0), passages.mean(axis=0))


def load(path: Path, *, background: float) -> Unrelated:
    """Return what the file at ``path`` holds, by language and then by kind."""
    english, chinese = np.load(path, allow_pickle=False)
    return Unrelated(background=background, english=Common(*english), chinese=Common(*chinese))
