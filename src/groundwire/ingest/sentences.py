"""Where sentences end, in English and in Chinese. Pure."""

import re

_CLOSERS = "”’」』）》】\"')\\]"
_END = re.compile(
    rf"(?:[。！？｡]+|…{{2,}})[{_CLOSERS}]*\s*"  # a Chinese end needs no space after it
    rf"|[.!?…]+[{_CLOSERS}]*\s+"  # an English one does
    r"|\n\s*\n\s*"
)
_CLAUSE = re.compile(r"[；，、：,;:—]+[”’」』）》】\"')\]]*\s*|\s+")

_ABBREVIATIONS = frozenset(
    [
        "e.g",
        "i.e",
        "etc",
        "vs",
        "cf",
        "al",
        "approx",
        "dept",
        "est",
        "fig",
        "figs",
        "eq",
        "eqs",
        "sec",
        "secs",
        "ch",
        "chap",
        "vol",
        "vols",
        "no",
        "nos",
        "nr",
        "pp",
        "p",
        "ed",
        "eds",
        "mr",
        "mrs",
        "ms",
        "dr",
        "prof",
        "st",
        "jr",
        "sr",
        "inc",
        "ltd",
        "co",
        "corp",
        "gen",
        "col",
        "rev",
        "hon",
        "u.s",
        "u.k",
        "u.n",
        "a.m",
        "p.m",
        "ph.d",
        "jan",
        "feb",
        "mar",
        "apr",
        "jun",
        "jul",
        "aug",
        "sep",
        "sept",
        "oct",
        "nov",
        "dec",
        "mon",
        "tue",
        "wed",
        "thu",
        "fri",
        "sat",
        "sun",
        "resp",
        "incl",
    ]
)
# These end a sentence as often as not; what follows decides.
_OFTEN_FINAL = frozenset(
    {"etc", "inc", "ltd", "co", "corp", "jr", "sr", "a.m", "p.m", "u.s", "u.k"}
)
_LAST_WORD = re.compile(r"([A-Za-z][A-Za-z.]*)\.$")


def split_sentences(text: str) -> list[str]:
    """Return the sentences of ``text``, each with the space that follows it.

    Joined again they are ``text``. A full stop after an abbreviation, an initial or within a
    number ends nothing; a closing quote or bracket belongs to the sentence it closes.
    """
    sentences: list[str] = []
    start = 0
    for match in _END.finditer(text):
        if match.end() < len(text) and _ends_sentence(text, start, match):
            sentences.append(text[start : match.end()])
            start = match.end()
    if start < len(text):
        sentences.append(text[start:])
    return sentences


def is_whole(text: str) -> bool:
    """Say whether ``text`` ends where a sentence may end."""
    return bool(re.search(rf"[。！？｡.!?…:：][{_CLOSERS}]*\s*$", text))


def split_clauses(sentence: str) -> list[str]:
    """Return ``sentence`` in pieces that end after a comma, colon or space; lossless."""
    pieces: list[str] = []
    start = 0
    for match in _CLAUSE.finditer(sentence):
        pieces.append(sentence[start : match.end()])
        start = match.end()
    if start < len(sentence):
        pieces.append(sentence[start:])
    return pieces


def _ends_sentence(text: str, start: int, match: re.Match[str]) -> bool:
    mark = match.group().lstrip()
    if not mark or mark[0] in "。！？｡":
        return True
    follower = text[match.end()]
    if mark[0] in "!?":
        return not follower.islower()
    if mark[0] == "…" or mark.startswith("..."):
        return not follower.islower()
    word = _LAST_WORD.search(text, max(start, match.start() - 12), match.start() + 1)
    return not _is_abbreviation(word.group(1), follower) if word else not follower.islower()


def _is_abbreviation(word: str, follower: str) -> bool:
    lowered = word.lower()
    if lowered in _OFTEN_FINAL:
        return follower.islower()
    if len(word) == 1 and word.isupper() and word != "I":
        return True  # an initial, as in J. Smith
    return lowered in _ABBREVIATIONS or follower.islower()
