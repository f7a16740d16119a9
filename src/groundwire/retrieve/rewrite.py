"""A follow-up question made to stand alone: "and the second one?" names nothing to search for.

By rules, in English and Chinese; a capable model can do better and may be given.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from groundwire.model.errors import GroundwireError

# With this many words of its own a question says what it is about, pronouns or not.
ENOUGH_WORDS = 8
ENOUGH_CHARACTERS = 16
FEW_WORDS = 2
FEW_CHARACTERS = 5
# A chain of follow-ups leads back this far at most.
LOOK_BACK = 4
MOST_CHARACTERS = 400
MOST_HEADINGS = 3

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")
_WORD = re.compile(r"[a-z0-9][a-z0-9'’_-]*")
_STOP = frozenset(
    """
    a an the of to in on at for from by with as is are was were be been do does did done has have
    had can could will would shall should may might must and or but so then if than not no yes
    what which who whom whose when where why how about also else too more any some other another
    one ones it its he him his she her they them their this that these those there here me my i
    you your we our us first second third last next former latter same please tell explain give
    show go say mean means thing things just only really again
    """.split()  # noqa: SIM905 (a word list is read as words)
)
_ENGLISH_OPENING = re.compile(
    r"^(and|but|or|so|then|also|what about|how about|what else|why( not)?\b\W*$"
    r"|which (one|of)\b|in (that|this|which) case|anything else|for example|such as"
    r"|more (about|on)|go on|continue)\b"
)
_ENGLISH_REFERENCE = re.compile(
    r"\b(it(?! (?:true|possible|necessary)\b)|its|they|them|their|theirs|he|him|his|she|her|hers|"
    r"this|these|those|"
    r"(the )?(first|second|third|fourth|last|next|other|former|latter|same)( one| ones)?|"
    r"(?<!true )(?<!possible )that( one)?|ones?|there|above)\b"
)
# Asks what something is, by its name: that is one word of its own, and enough.
_ENGLISH_DEFINITION = re.compile(
    r"^((what|who)('s|’s| is| was) (?!the\b|(wrong|new|next|missing|left|different|important)\b)"
    r"|what (do|does|did) (?!the\b).+ (do|mean|stand for)\W*$"
    r"|(define|explain|describe|tell me about) (?!the\b))"
)
_CHINESE_DEFINITION = re.compile(
    "^(什么是|什麼是|何谓|何謂|谁是|誰是|(请|請)?(解释|解釋|介绍|介紹)(一下)?)."
    "|.(是(什么|什麼|啥|谁|誰)(意思)?|(有什么|有什麼|有啥|干什么|做什么)用?的?)[？?。]?$"
)
_CHINESE_OPENING = re.compile(
    "^(那(么|麼)?|还有|還有|另外|以及|然后|然後|接着|接著|再|而|可是|但(是)?|所以|为什么|為什麼"
    "|怎么说|比如|例如|继续|繼續|还|還)"
)
_CHINESE_REFERENCE = re.compile(
    "它|他|她|这|這|那|该|該|其(?!他|它|中|实|實|余)|此|前者|后者|後者|上述|上面|刚才|剛才|之前说"
    "|第[一二三四五六七八九十两兩0-9]+(个|個|种|種|条|條|点|點|步|项|項|章|节|節)|另(一|外)?(个|個)"
    "|呢[？?。]?$"
)


class Turn(NamedTuple):
    """An earlier question, and the titles and headings of what its answer cited."""

    question: str
    titles: tuple[str, ...] = ()
    headings: tuple[str, ...] = ()


Rewrite = Callable[[str, Sequence[Turn]], Awaitable[str]]
"""A side call to a model, never streamed: the question and what came before it, oldest first."""


async def rewrite(question: str, history: Sequence[Turn], *, ask: Rewrite | None = None) -> str:
    """Return the query for ``question`` after ``history``, which is oldest first.

    A question that stands alone comes back as it is. ``ask`` is tried for a follow-up; if it
    fails or gives nothing, the rules decide.
    """
    if not history or not follows_up(question):
        return question
    if ask is not None:
        try:
            answer = (await ask(question, history)).strip()
        except GroundwireError:
            answer = ""
        if answer and len(answer) <= MOST_CHARACTERS:
            return answer
    return stand_alone(question, history)


def stand_alone(question: str, history: Sequence[Turn]) -> str:
    """Put before a follow-up what it refers to: the questions back to one that stood alone,
    and the title and headings of what was cited last.
    """
    if not history or not follows_up(question):
        return question
    context: list[str] = []
    for turn in reversed(history[-LOOK_BACK:]):
        context.insert(0, turn.question.strip())
        if not follows_up(turn.question):
            break
    context.extend((*history[-1].titles[:1], *history[-1].headings[:MOST_HEADINGS]))
    room = max(0, MOST_CHARACTERS - len(question))
    return f"{' '.join(dict.fromkeys(context))[:room]} {question}".strip()


def follows_up(question: str) -> bool:
    """Tell whether ``question`` says too little to be searched for alone."""
    text = question.strip().casefold()
    if _HAN.search(text):
        return _chinese_follows_up(text)
    own = [word for word in _WORD.findall(text) if word not in _STOP]
    if _ENGLISH_OPENING.search(text) and len(own) < ENOUGH_WORDS // 2:
        return True
    if _ENGLISH_REFERENCE.search(text) and len(own) < ENOUGH_WORDS // 2:
        return True
    return not own or (len(own) < FEW_WORDS and _ENGLISH_DEFINITION.search(text) is None)


def refers_back(question: str) -> bool:
    """Tell whether ``question`` begins with what was said before: "how does it …".

    A word that stands for something, after words of its own, may stand for one of them.
    """
    text = question.strip().casefold()
    chinese = _HAN.search(text) is not None
    found = (_CHINESE_REFERENCE if chinese else _ENGLISH_REFERENCE).search(text)
    if found is None:
        return False
    before = text[: found.start()]
    own = [word for word in _WORD.findall(before) if word not in _STOP]
    return len(own) + len(_HAN.findall(before)) // 2 < FEW_WORDS


def _chinese_follows_up(text: str) -> bool:
    characters = len(_HAN.findall(text)) + len(_WORD.findall(text))
    if characters >= ENOUGH_CHARACTERS:
        return False
    if _CHINESE_OPENING.search(text) or _CHINESE_REFERENCE.search(text):
        return True
    return characters < FEW_CHARACTERS and _CHINESE_DEFINITION.search(text) is None
