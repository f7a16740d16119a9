"""Cuts a passage into what can be quoted: sentences, items of lists, rows, lines of code. Pure.

A line that is no prose is a span as it stands, which is why this is not how `cut.sentences`
cuts; the two share what an abbreviation is.
"""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from groundwire.model.abbreviations import is_abbreviation

Kind = Literal["prose", "item", "code", "heading", "label", "row"]

_ITEM = re.compile(r"\s*(?:[•*‣▪◦·–—-]|\(?\d{1,2}[.)、]|[a-z]\))\s+\S")
_CODE = re.compile(r"\s*(?:[$#%>]\s+\S|\w[\w-]*=\S|[{}<]|[-+]{1,3}\s?\S+\s\S+\s\d{4}-)")
_ROW = re.compile(r".*\S \|(?: |$)")
_LABEL = re.compile(
    r"\s*(?:(?:chapter|table|figure|section|appendix)\s*[\dA-Z.]+.*|tip|note|caution|warning"
    r"|important|注意|提示|警告|小心|重要)\s*[:：]?\s*$",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"\s*(?:\d+(?:\.\d+)+|chapter\s+\d+|第.{1,3}[章节])\s+\S")
_END = re.compile(r"[。！？!?]+[”’」』）)\"]*|\.+[”’)\"]*(?=\s|$)|[:：；;](?=\s*\n)")
_WORD = re.compile(r"(?<![A-Za-z0-9])[A-Z]?[a-z][a-z.]*$")
_INITIAL_OR_NUMBER = re.compile(r"(?:\b[A-Z]|^\s*\d{1,3})$")
# A sentence of prose that has no end mark is cut here rather than quoted whole.
LONGEST = 600


class Span(NamedTuple):
    """``text[start:end]`` of a passage, and how it stands there.

    ``group`` counts paragraphs and tables: spans of one group belong together.
    """

    start: int
    end: int
    kind: Kind
    group: int


def cut_spans(text: str) -> list[Span]:
    """Return the spans of ``text`` in order; between them is only white space."""
    spans: list[Span] = []
    group = -1
    after_blank = True
    for start, end in _lines(text):
        line = text[start:end]
        if not line.strip():
            after_blank = True
            continue
        kind = _kind(line)
        if after_blank or kind not in ("prose", "row") or not spans or spans[-1].kind != kind:
            group += 1
        after_blank = False
        spans.extend(_of_line(text, start, end, kind, group))
    return spans


def _lines(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for line in text.splitlines(keepends=True):
        yield start, start + len(line.rstrip())
        start += len(line)


def _kind(line: str) -> Kind:
    if _LABEL.match(line):
        return "label"
    if _ITEM.match(line):
        return "item"
    if _CODE.match(line):
        return "code"
    if _ROW.match(line):
        return "row"
    if _NUMBERED.match(line) and not _END.search(line[-2:]):
        return "heading"
    return "prose"


def _of_line(text: str, start: int, end: int, kind: Kind, group: int) -> Iterator[Span]:
    while start < end and text[start].isspace():
        start += 1
    if kind in ("prose", "item"):
        for cut in _ends(text, start, end):
            yield Span(start, cut, kind, group)
            start = cut
            while start < end and text[start].isspace():
                start += 1
    if start < end:
        yield Span(start, end, kind, group)


def _ends(text: str, start: int, end: int) -> Iterator[int]:
    """Yield where sentences end within the line, but not at its own end."""
    for match in _END.finditer(text, start, end):
        if match.end() >= end:
            return
        if match.group().startswith(".") and not _is_full_stop(text, start, match):
            continue
        yield match.end()


def _is_full_stop(text: str, start: int, match: re.Match[str]) -> bool:
    before = text[start : match.start()]
    follower = text[match.end() : match.end() + 4].lstrip()[:1]
    if _INITIAL_OR_NUMBER.search(before) or follower.islower():
        return False
    word = _WORD.search(before)
    return word is None or not is_abbreviation(word.group(), follower)
