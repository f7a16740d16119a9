"""A question that asks several things, as the questions that it is made of. Pure.

By rules, in English and Chinese, that would rather leave a question whole: half of one finds
what nobody asked for. So a part counts only if it asks by itself, as in "What is A, and how
does B work?"; "bread and butter" and "what happened and why" are one thing.
"""

import re

from groundwire.retrieve.rewrite import refers_back

MOST_PARTS = 4
# What is left of a Chinese part without its question words has to say something.
ENOUGH_HAN = 2
# A sentence with a question mark asks for itself, if it is no "Really?".
SENTENCE_WORDS, SENTENCE_HAN = 3, 4
# A clause of a Chinese question that is shorter may share its subject with the one before; one
# with a word that joins them less so.
CLAUSE_HAN, JOINED_HAN = 8, 4
# What stands before the question word is a subject from this length on; and from that one on, a
# name rather than a price or a date of what was named before.
SUBJECT_HAN, NAME_HAN = 2, 3

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")
# What is quoted is one name, whatever stands in it.
_QUOTED = re.compile(r"《[^》]*》|“[^”]*”|「[^」]*」|\"[^\"]*\"|\([^)]*\)|（[^）]*）")
_MASK = "\u2588"

_WH = r"(?:what|which|who|whom|whose|when|where|why|how)\b"
_AUX = (
    r"(?:is|are|was|were|do|does|did|can|could|will|would|shall|should|has|have|had|may|might|must)"
)
_SUBJECT = (
    r"(?:it|they|there|this|that|these|those|the|an?|i|we|you|he|she|my|your|our|its|their|any)\b"
)
# "what is", "which tools are", "how many bits should": a question word and its verb. In "who
# wrote it" and "which command signs it" it is the subject.
_ASKS = (
    rf"(?:{_WH}(?:['’]s\b|(?: [\w'’{_MASK}-]+){{0,3}}? {_AUX} (?!not\b)[\w\"'’{_MASK}])"
    rf"|who \w+ [\w{_MASK}]|which(?: \w+){{1,3}} \w+s [\w{_MASK}])"
)
_YES_OR_NO = rf"{_AUX} {_SUBJECT} [\w{_MASK}]"
_ASKED = re.compile(
    rf"(?:^|[,;:.] )(?:(?:and|but|so|or|then),? )*(?:{_ASKS}|{_YES_OR_NO})", re.IGNORECASE
)
# Behind a comma a question word begins a question if enough follows it.
_AND = r"(?:and also|and|but|as well as)"
_BEGINS = rf"(?:(?:in|on|at|by|for|to|from|of|with) )?{_WH}(?: [\w\"'’{_MASK}-]+){{3}}"
_ENGLISH_CUT = re.compile(
    rf"(?P<joined>\s*[,;]\s*{_AND}\s+(?={_BEGINS}|{_YES_OR_NO}))"
    rf"|\s+{_AND}\s+(?={_ASKS}|{_YES_OR_NO})",
    re.IGNORECASE,
)
_QUESTION_WORD = re.compile(rf"\b{_WH}", re.IGNORECASE)
_OPEN = re.compile(
    r"\bbetween\b(?!.*\band\b)|\b(?:whether|if|about|of|explain|describe|know|tell|say)$",
    re.IGNORECASE,
)

_ASKING_HAN = re.compile(
    "什么|什麼|谁|誰|哪|怎么|怎麼|怎样|怎樣|如何|为何|為何|多少|多久|多大|多长|多長|多高|多远"
    "|几[个個种種次年天位级級名枚座条條层層岁歲家所]|第几|第幾|吗|嗎|是否|能否|可否|有没有|有沒有|是不是|能不能|会不会|會不會|可不可以|要不要"
)
_CHINESE_CUT = re.compile(
    "(?P<joined>[，,；;]?\\s*(?:以及|还有|還有|并且|並且|另外|同时|同時|那么|那麼)[，,]?)|[，,；;]\\s*(?:而且|而|又|并|並)?"
)
# What is no part of a subject where it ends, or in its place.
_NO_SUBJECT = re.compile(
    "^[在从從对對为為当當被把用按以]|[是由在为為有于於叫到归歸属屬要需应應该該会會能可]+$"
)
# Such a clause is about the next one and asks nothing.
_DEPENDENT = re.compile(
    "不管|无论|無論|不论|不論|如果|假如|要是|若|虽然|雖然|尽管|儘管|因为|因為|由于|由於|既然|关于|關於|对于|對於"
    "|没有?什么|沒有?什麼|除了|^当|^當|[当當].*[时時]"
)
_ENDS = re.compile(r"(?<=[?？])\s*|(?<=[。])\s*|(?<=[.!])\s+(?=[A-Z])")


def split(question: str) -> tuple[str, ...]:
    """Return the questions that ``question`` is made of, at most four; itself if it is one.

    A part that refers to the part before it ("how does it …"), or may leave its subject to it,
    stands behind that part.
    """
    parts = _parts(question.strip())
    if len(parts) == 1:
        return (question,)
    kept = parts[: MOST_PARTS - 1] + ([" ".join(rest)] if (rest := parts[MOST_PARTS - 1 :]) else [])
    whole: list[str] = []
    for part in kept:
        whole.append(_behind(whole[-1], part) if whole and refers_back(part) else part)
    return tuple(whole)


def _behind(before: str, part: str) -> str:
    before = _ended(before)
    return part if part.startswith(before) else f"{before} {part}"


def _ended(part: str) -> str:
    if part.endswith(("?", "？", "。", ".", "!")):
        return part
    return part + ("？" if _HAN.search(part) else "?")


def _parts(question: str) -> list[str]:
    """Return the parts as they stand; a sentence that asks nothing belongs to the next one."""
    parts: list[str] = []
    before = ""
    for sentence in filter(None, _sentences(question)):
        asked = [part.strip() for part in _clauses(sentence)]
        if not (_asks(asked[0]) or _is_marked(sentence)):
            before = f"{before} {sentence}".strip()
            continue
        parts += [f"{before} {asked[0]}".strip(), *asked[1:]]
        before = ""
    if not parts:
        return [question]
    if before:
        parts[-1] = f"{parts[-1]} {before}"
    return parts


def _is_marked(sentence: str) -> bool:
    if not sentence.endswith(("?", "？")):
        return False
    if _HAN.search(sentence):
        return len(_HAN.findall(sentence)) >= SENTENCE_HAN
    return len(sentence.split()) >= SENTENCE_WORDS


def _sentences(question: str) -> list[str]:
    return _cut(question, [found.span() for found in _ENDS.finditer(_masked(question))])


def _clauses(sentence: str) -> list[str]:
    """Return the clauses of ``sentence`` that ask by themselves, or it alone."""
    masked = _masked(sentence)
    chinese = _HAN.search(masked) is not None
    chosen: list[tuple[int, int]] = []
    leaning: list[int] = []
    start = 0
    for cut in (_CHINESE_CUT if chinese else _ENGLISH_CUT).finditer(masked):
        left, right = masked[start : cut.start()], masked[cut.end() :]
        joined = cut.group(1) is not None
        is_short = chinese and not joined and _is_short_part(left, right)
        if is_short or (_parts_chinese if chinese else _parts_english)(left, right, joined=joined):
            chosen.append(cut.span())
            start = cut.end()
        if is_short and _subject_han(right) < NAME_HAN:
            leaning.append(len(chosen))
    clauses = _cut(sentence, chosen)
    for n in leaning:
        clauses[n] = _behind(clauses[n - 1], clauses[n])
    return clauses


def _parts_english(left: str, _: str, *, joined: bool) -> bool:
    """Tell whether ``left`` asks for itself; that what follows does is how it was found.

    "… shows what is there and what is missing" has another question in it, which goes on.
    """
    words = len(_QUESTION_WORD.findall(left))
    if _OPEN.search(left):
        return False
    return (joined and words > 0) or (words < 2 and _asks(left + " "))


def _parts_chinese(left: str, right: str, *, joined: bool) -> bool:
    clause = _first_clause(right)
    return (
        _asks(left)
        and _asks(clause)
        and len(_HAN.findall(clause)) >= (JOINED_HAN if joined else CLAUSE_HAN)
        and not _DEPENDENT.search(left)
    )


def _is_short_part(left: str, right: str) -> bool:
    """Tell whether a short clause follows ``left``, which asks for itself about a subject.

    If it has a name of its own it is about that; else it may be about ``left`` or its subject,
    and is looked for behind it.
    """
    clause = _first_clause(right)
    return (
        len(_HAN.findall(clause)) < CLAUSE_HAN
        and _subject_han(left) >= SUBJECT_HAN
        and _parts_chinese(left, right, joined=True)
    )


def _first_clause(text: str) -> str:
    # What comes after the next comma is looked at when it is its turn.
    return re.split("[，,；;？?]", text, maxsplit=1)[0]


def _subject_han(text: str) -> int:
    """Return how many characters stand before the question word and may be a subject."""
    before = _ASKING_HAN.split(_first_clause(text), maxsplit=1)[0]
    return len(_HAN.findall(_NO_SUBJECT.sub("", before)))


def _asks(text: str) -> bool:
    """Tell whether ``text`` asks something and says what about."""
    if not _HAN.search(text):
        return _ASKED.search(text) is not None
    about = _ASKING_HAN.sub("", text)
    return about != text and len(re.findall(r"\w", about)) >= ENOUGH_HAN


def _masked(text: str) -> str:
    """Hide what is quoted, character for character."""
    return _QUOTED.sub(lambda found: _MASK * len(found.group()), text)


def _cut(text: str, cuts: list[tuple[int, int]]) -> list[str]:
    starts = [0, *(end for _, end in cuts)]
    ends = [*(start for start, _ in cuts), len(text)]
    return [text[start:end].strip() for start, end in zip(starts, ends, strict=True)]
