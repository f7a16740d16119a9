"""Subtitles (SubRip, WebVTT): what is said, in paragraphs, each with its time."""

import re
from collections.abc import Iterator
from html import unescape
from typing import NamedTuple

from groundwire.adapters.parsers.assemble import Assembler
from groundwire.adapters.parsers.clean import join_lines
from groundwire.model.documents import Parsed
from groundwire.model.places import Place

SUFFIXES = (".srt", ".vtt")
_TIME = r"(?:(\d+):)?(\d{1,2}):(\d{2})[.,](\d{1,3})"
_TIMES = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}")
_SPEAKER = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]+)>")
_TAG = re.compile(r"<[^>]*>|\{\\[^}]*\}")
_ENDED = re.compile(r"[.!?。！？…][\"'”’」』）)]*$")
# A paragraph ends with a sentence once it is so long, or where nobody spoke for so long.
_LONG = 220
_PAUSE_S = 3.0


class _Cue(NamedTuple):
    begin: float
    end: float
    text: str


def is_subtitles(text: str) -> bool:
    """Say whether ``text`` begins as subtitles do, whatever its name."""
    head = text[:512].lstrip("\ufeff").lstrip()
    return head.startswith("WEBVTT") or bool(re.match(rf"\d+\s*\n{_TIMES.pattern}", head))


def parse_subtitles(text: str) -> Parsed:
    assembler = Assembler()
    for cues in _paragraphs(list(_cues(text))):
        assembler.place = Place(unit="second", first=int(cues[0].begin), last=int(cues[-1].end))
        assembler.text(join_lines([cue.text for cue in cues]))
    return Parsed(blocks=tuple(assembler.blocks))


def _cues(text: str) -> Iterator[_Cue]:
    """Yield what is shown and when; a cue that repeats the one before it is left out."""
    before = ""
    for paragraph in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").replace("\r", "\n")):
        lines = paragraph.split("\n")
        at = next((index for index, line in enumerate(lines) if _TIMES.match(line)), None)
        if at is None or not (match := _TIMES.match(lines[at])):
            continue
        shown = _shown("\n".join(lines[at + 1 :]))
        if shown and shown != before:
            yield _Cue(_seconds(match.groups()[:4]), _seconds(match.groups()[4:]), shown)
            before = shown


def _shown(text: str) -> str:
    text = _SPEAKER.sub(r"\1: ", text)
    return join_lines(unescape(_TAG.sub("", text)).strip().split("\n"))


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = (part or "0" for part in parts)
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + int(fraction.ljust(3, "0")) / 1000


def _paragraphs(cues: list[_Cue]) -> Iterator[list[_Cue]]:
    paragraph: list[_Cue] = []
    for cue in cues:
        if paragraph and _is_over(paragraph, cue):
            yield paragraph
            paragraph = []
        paragraph.append(cue)
    if paragraph:
        yield paragraph


def _is_over(paragraph: list[_Cue], following: _Cue) -> bool:
    if following.begin - paragraph[-1].end >= _PAUSE_S:
        return True
    length = sum(len(cue.text) for cue in paragraph)
    return length >= _LONG and bool(_ENDED.search(paragraph[-1].text))
