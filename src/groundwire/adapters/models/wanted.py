"""What kind of thing a question wants, and whether a sentence holds one. Pure."""

import re
from typing import Literal

Wanted = Literal["number", "date", "person", "definition", "command", "path", "reason", "purpose"]

# The first pattern that a question matches decides.
_QUESTIONS: tuple[tuple[Wanted, re.Pattern[str]], ...] = tuple(
    (wanted, re.compile(pattern, re.IGNORECASE))
    for wanted, pattern in (
        ("date", r"\bwhen\b|\bwhat (?:year|date|day|month)\b|\bwhich year\b"
                 r"|什么时候|何时|哪一?年|哪一?天|几月|日期|什么时间"),
        ("number", r"\bhow (?:many|much|long|big|large|often|old|far|fast)\b|\bwhat (?:size|number|percent)"
                   r"|多少|多久|多大|多长|多快|几[个种次天条份位层]|百分之几|比例"),
        ("person", r"\bwho\b|\bwhose\b|\bwhom\b|谁|哪位|作者是"),
        ("path", r"\b(?:which|what) (?:director|folder|file|path)|\bwhere\b|哪个(?:目录|文件夹|文件|路径)"
                 r"|哪里|哪儿|什么(?:目录|文件|路径|地方)|位置"),
        ("reason", r"\bwhy\b|\bwhat (?:is the )?reason|为什么|为何|原因|理由"),
        ("command", r"\b(?:which|what) (?:command|tool|option|program)|\bhow (?:do|can|to|should|does)\b"
                    r"|哪个(?:命令|选项|工具|程序)|什么(?:命令|选项|工具)|怎样|怎么|如何"),
        ("purpose", r"\bwhat (?:is|are) .+ (?:for|good for|used for)\b|\bwhat (?:do|does) .+ (?:do|offer)\b"
                    r"|作用|用途|用来做什么|有什么用|干什么"),
        ("definition", r"\bwhat (?:is|are|was|were)\b|\bwhat does .+ mean\b|\bdefine\b"
                       r"|什么是|是什么|指什么|的定义|什么意思"),
    )
)  # fmt: skip

_NUMBER_WORD = (
    r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twice|once|half|dozen|"
    r"hundreds?|thousands?|millions?|tens|several)\b"
)
_SIGNS: dict[Wanted, re.Pattern[str]] = {
    "number": re.compile(rf"\d|{_NUMBER_WORD}|[一二两三四五六七八九十百千万亿]+[个种次天年月条份位层倍%]", re.I),
    "date": re.compile(
        r"\b(?:1[5-9]|20)\d\d\b|(?:1[5-9]|20)\d\d ?年|\d+ ?月|\b(?:jan|feb|mar|apr|may|june?|july?|aug|sep"
        r"|oct|nov|dec)[a-z]*\.? \d|\d+ (?:days?|hours?|weeks?|months?|years?)|\d+ ?[天日周年]", re.I
    ),
    "person": re.compile(r"\b[A-Z][a-zé]+ (?:[A-Z]\. )?[A-Z][a-zé]+|\b(?:by|author|maintainer|developer)\b"
                         r"|作者|用户|人员|开发者|管理员|先生|女士"),
    "path": re.compile(r"(?:^|[\s“”\"'‘’(（])~?(?:/[\w.+-]+)+/?|\b[\w-]+/[\w-]+|https?://|[A-Z]:\\"),
    "reason": re.compile(r"\b(?:because|since|due to|in order to|so that|therefore|thus|offers?|better|avoid"
                         r"|helps?|allows?|means that)\b|因为|由于|以便|为了|因此|所以|避免|导致|这样", re.I),
    "command": re.compile(r"\(\d\w?\)|\bcommand\b|(?:^|\n)\s*[$#] \S|[“”\"'‘`][a-z][\w .-]+[“”\"'’`]"
                          r"|(?:^|\s)--?[a-zA-Z][\w-]*|命令|选项|键入|输入|Ctrl-", re.I),
    "purpose": re.compile(r"\b(?:used? (?:for|to)|can|helps?|offers?|provides?|allows?|enables?|compares?"
                          r"|purpose|in order to|to \w+)\b|用于|用来|可以|能够|负责|提供|使得?|将", re.I),
}  # fmt: skip


def wanted_of(question: str) -> Wanted | None:
    """Return what ``question`` asks for, if its words tell."""
    return next((wanted for wanted, asks in _QUESTIONS if asks.search(question)), None)


def holds(wanted: Wanted | None, text: str, question: str) -> bool:
    """Say whether ``text`` has such a thing in it that ``question`` did not bring itself."""
    signs = _SIGNS.get(wanted) if wanted else None
    if signs is None:
        return False
    return any(match.group() not in question for match in signs.finditer(text))


def defines(text: str, subject: re.Pattern[str]) -> bool:
    """Say whether ``text`` begins with ``subject`` and goes on to say what it is."""
    return subject.match(text) is not None


def subject_of(question: str) -> re.Pattern[str] | None:
    """Return a pattern for sentences that say what the thing asked about is, or does."""
    for asks in _SUBJECTS:
        if match := asks.search(question.strip().rstrip("?？。. ")):
            subject = re.sub(
                r"^(?:an?|the|一个|这个|一种)\s*", "", match.group(1).strip(), flags=re.I
            )
            return _definition(subject) if subject else None
    return None


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


def _definition(subject: str) -> re.Pattern[str]:
    name = r"\s*".join(re.escape(word) for word in subject.split())
    before = r"[\s•*‣–—“”\"'‘’\d.)、-]*(?:(?:the|an?|一个|这个)\s+)?"
    after = (
        r"(?:\s*[(（][^)）]{1,40}[)）])?[“”\"'’s]*"
        r"(?:\s+(?:\w+\s+){0,3}?(?:is|are|was|means|refers|offers?|provides?|can|helps?|enables?|allows?)\b"
        r"|\s*[:：—–]|\s*[^，。；]{0,12}?(?:是|指|用于|用来|能够|可以|将)|\s+-\s)"
    )
    return re.compile(before + name + after, re.IGNORECASE)
