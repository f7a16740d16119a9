"""Where sentences end, in English and in Chinese. Pure.

For chunks: losslessly, and over the ends of lines. What is quoted is cut line by line, in
`adapters.models.spans`; the two share what an abbreviation is.
"""

import re

from groundwire.model.abbreviations import is_abbreviation

_CLOSERS = "”’」』）》】\"')\\]"
# First the characters that may end one, so that the search skips all others at once.
_END = re.compile(
    rf"[。！？｡.!?…\n](?:"
    rf"(?<=[。！？｡])[。！？｡]*[{_CLOSERS}]*\s*"  # a Chinese end needs no space after it
    rf"|(?<=…)…+[{_CLOSERS}]*\s*"
    rf"|(?<=[.!?…])[.!?…]*[{_CLOSERS}]*\s+"  # an English one does
    r"|(?<=\n)\s*\n\s*)"
)
_CLAUSE = re.compile(r"[；，、：,;:—]+[”’」』）》】\"')\]]*\s*|\s+")
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
    return not is_abbreviation(word.group(1), follower) if word else not follower.islower()
