"""The citations of an answer, found while it streams."""

import re
from typing import NamedTuple

MARKER = re.compile(r"[\[［【]\s*\^?(\d{1,3}(?:\s*[,，、;]\s*\d{1,3})*)\s*[\]］】]")
_OPEN = re.compile(r"[\[［【][\s\d,，、;^]*$")
_BORDER = re.compile(r"[.!?](?=[\s\"')\]])|[。！？；…\n]|[.!?]$")
_ENDINGS = " .!?。！？；\"'”’)）"
_NUMBER = re.compile(r"\d+")


class Span(NamedTuple):
    """The answer from ``start`` to ``end`` (code points, exclusive) rests on source ``n``."""

    start: int
    end: int
    n: int


class Citer:
    """Reads an answer piece by piece and tells what each ``[n]`` in it vouches for.

    A marker vouches for the text back to the end of the sentence before, or to the marker
    before it. Any way of cutting the answer into pieces gives the same spans. ``sources`` is
    how many there are: ``[n]`` beyond them is only text.
    """

    def __init__(self, sources: int) -> None:
        self._sources = sources
        self._text = ""
        self._read = 0
        self._start = 0

    @property
    def text(self) -> str:
        """What was read so far."""
        return self._text

    def feed(self, piece: str) -> list[Span]:
        self._text += piece
        open_marker = _OPEN.search(self._text, self._read)
        upto = open_marker.start() if open_marker else len(self._text)
        found: list[Span] = []
        for marker in MARKER.finditer(self._text, self._read, upto):
            found += self._cite(marker)
        self._read = max(self._read, upto)
        return found

    def _cite(self, marker: "re.Match[str]") -> list[Span]:
        self._read = marker.end()
        numbers = dict.fromkeys(int(number) for number in _NUMBER.findall(marker.group(1)))
        known = [n for n in numbers if 1 <= n <= self._sources]
        start = self._sentence_start(marker.start())
        return [Span(start, marker.start(), n) for n in known]

    def _sentence_start(self, end: int) -> int:
        """Return where the sentence that ends at ``end`` begins; never before the last one."""
        body_end = len(self._text[self._start : end].rstrip(_ENDINGS)) + self._start
        start = self._start
        for border in _BORDER.finditer(self._text, start, body_end):
            start = border.end()
        for marker in MARKER.finditer(self._text, start, body_end):
            start = marker.end()
        if start < body_end:
            self._start = start
        start = self._start
        while start < end and self._text[start].isspace():
            start += 1
        return start
