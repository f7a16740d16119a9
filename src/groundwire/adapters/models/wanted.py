"""What kind of thing a question wants, and whether a sentence holds one. Pure."""

import re
from typing import Literal

Wanted = Literal["date", "number", "person", "path", "reason", "command", "purpose", "definition"]


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


# The first pattern that a question matches decides.
_QUESTIONS: dict[Wanted, re.Pattern[str]] = {
    "date": _any(
        r"\bwhen\b|\bwhat (?:year|date|day|month)\b|\bwhich year\b",
        r"什么时候|何时|哪一?年|哪一?天|几月|日期|什么时间",
    ),
    "number": _any(
        r"\bhow (?:many|much|long|big|large|often|old|far|fast)\b",
        r"\bwhat (?:size|number|percent)",
        r"多少|多久|多大|多长|多快|几[个种次天条份位层]|百分之几|比例",
    ),
    "person": _any(r"\bwho\b|\bwhose\b|\bwhom\b", r"谁|哪位|作者是"),
    "path": _any(
        r"\b(?:which|what) (?:director|folder|file|path)|\bwhere\b",
        r"哪个(?:目录|文件夹|文件|路径)|哪里|哪儿|什么(?:目录|文件|路径|地方)|位置",
    ),
    "reason": _any(r"\bwhy\b|\bwhat (?:is the )?reason", r"为什么|为何|原因|理由"),
    "command": _any(
        r"\b(?:which|what) (?:command|tool|option|program)|\bhow (?:do|can|to|should|does)\b",
        r"哪个(?:命令|选项|工具|程序)|什么(?:命令|选项|工具)|怎样|怎么|如何",
    ),
    "purpose": _any(
        r"\bwhat (?:is|are) .+ (?:for|good for|used for)\b|\bwhat (?:do|does) .+ (?:do|offer)\b",
        r"作用|用途|用来做什么|有什么用|干什么",
    ),
    "definition": _any(
        r"\bwhat (?:is|are|was|were)\b|\bwhat does .+ mean\b|\bdefine\b",
        r"什么是|是什么|指什么|的定义|什么意思",
    ),
}

_SIGNS: dict[Wanted, re.Pattern[str]] = {
    "date": _any(
        r"\b(?:1[5-9]|20)\d\d\b|(?:1[5-9]|20)\d\d ?年|\d+ ?[天日周月年]",
        r"\b(?:jan|feb|mar|apr|may|june?|july?|aug|sep|oct|nov|dec)[a-z]*\.? \d",
        r"\b\d+ (?:days?|hours?|weeks?|months?|years?)\b|\b\d{1,2}:\d\d\b",
    ),
    "number": _any(
        # Not a version's, a pattern's or an option's digits.
        r"(?<![\w.{\[/:-])\d+(?:[.,]\d+)*(?![\w.-]*[}\]])",
        r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twice|once|half)\b",
        r"\b(?:dozens?|hundreds?|thousands?|millions?|tens|several)\b",
        r"[一二两三四五六七八九十百千万亿]+[个种次天年月条份位层倍本%]",
    ),
    "person": re.compile(
        r"\b[A-Z][a-zé]+ (?:[A-Z]\. )?[A-Z][a-zé]+|\b(?:by|author|maintainer|developer)\b"
        r"|作者|用户|人员|开发者|管理员|先生|女士"
    ),
    "path": _any(
        r"(?:^|[\s“”\"'‘’(（])~?(?:/[\w.+-]+)+/?|\b[\w-]+/[\w-]+|https?://|[A-Z]:\\",
    ),
    "reason": _any(
        r"\b(?:because|since|due to|in order to|so that|therefore|thus|means that)\b",
        r"\b(?:offers?|better|avoid|helps?|allows?)\b",
        r"因为|由于|以便|为了|因此|所以|避免|导致|这样",
    ),
    "command": _any(
        r"\(\d\w?\)|\bcommand\b|(?:^|\n)\s*[$#] \S|[“”\"'‘`][a-z][\w .-]+[“”\"'’`]",
        r"(?:^|\s)--?[a-zA-Z][\w-]*|命令|选项|键入|输入|Ctrl-",
    ),
    "purpose": _any(
        r"\b(?:used? (?:for|to)|can|helps?|offers?|provides?|allows?|enables?|compares?)\b",
        r"\b(?:purpose|in order to|to \w+)\b",
        r"用于|用来|可以|能够|负责|提供|使得?|将",
    ),
}

_REFERENCE = _any(
    r"\b(?:section|chapter|table|figure|appendix)\s+[\dA-Z.]+", r"第\s*[\d.]+\s*[章节]|表\s*\d+"
)

# What a question of measure asks for by another word.
_MEASURES: tuple[tuple[re.Pattern[str], str], ...] = (
    (_any(r"\bhow long\b"), "length"),
    (_any(r"\bhow (?:big|large)\b"), "size"),
    (_any(r"\bhow old\b"), "age"),
    (_any(r"\bhow far\b"), "distance"),
    (_any(r"\bhow fast\b"), "speed"),
    (_any(r"\bhow (?:much|expensive)\b.*\bcosts?\b"), "price"),
    (_any("多长"), "长度"),
    (_any("多大"), "大小"),
    (_any("多快"), "速度"),
)

_SUBJECTS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"^what (?:is|are|was|were) (.+?)(?: (?:used |good )?for| in \w+)?$",
        r"^what (?:do|does) (.+?) (?:do|mean|offer|provide|stand for)\b",
        r"^(?:请问)?什么是(.+)$",
        r"^(.+?)(?:究竟|到底)?(?:是|指)(?:的是)?什么(?:意思|东西)?$",
        r"^(.+?)(?:的|有什么)(?:作用|用途|用|含义)",
        r"^who (?:is|are|was|were) (.+)$",
    )
)
_ARTICLE = re.compile(r"^(?:an?|the)\s+|^(?:一个|这个|一种)\s*", re.IGNORECASE)


def wanted_of(question: str) -> Wanted | None:
    """Return what ``question`` asks for, if its words tell."""
    return next((wanted for wanted, asks in _QUESTIONS.items() if asks.search(question)), None)


def measures_of(question: str) -> str:
    """Return the words by which a text would call what ``question`` wants measured."""
    return " ".join(word for asks, word in _MEASURES if asks.search(question))


def holds(wanted: Wanted | None, text: str, question: str) -> bool:
    """Say whether ``text`` has such a thing in it that ``question`` did not bring itself."""
    signs = _SIGNS.get(wanted) if wanted else None
    if signs is None:
        return False
    said = _REFERENCE.sub("", text)
    return any(match.group() not in question for match in signs.finditer(said))


def subject_of(question: str) -> re.Pattern[str] | None:
    """Return a pattern for sentences that say what the thing asked about is, or does."""
    for asks in _SUBJECTS:
        if match := asks.search(question.strip().rstrip("?？。. ")):
            subject = _ARTICLE.sub("", match.group(1).strip())
            return _definition(subject) if subject else None
    return None


def _definition(subject: str) -> re.Pattern[str]:
    name = r"\s*".join(re.escape(word) for word in subject.split())
    before = r"[\s•*‣–—“”\"'‘’\d.)、-]*(?:(?:the|an?)\s+|(?:一个|这个))?"
    after = (
        r"(?:\s*[(（][^)）]{1,40}[)）])?[“”\"'’s]*"
        r"(?:\s+(?:\w+\s+){0,3}?(?:is|are|was|means|refers|can)\b"
        r"|\s+(?:\w+\s+){0,3}?(?:offers?|provides?|helps?|enables?|allows?)\b"
        r"|\s*[:：—–]|\s+-\s|\s*[^，。；]{0,12}?(?:是|指|用于|用来|能够|可以|将))"
    )
    return re.compile(before + name + after, re.IGNORECASE)
