"""Mailboxes (MBOX): each message is a member."""

import mmap
import re
from collections.abc import Generator
from contextlib import contextmanager
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from functools import partial
from pathlib import Path

from groundwire.adapters.parsers.file import File
from groundwire.adapters.parsers.members import Container, Member
from groundwire.adapters.parsers.parts import unique

_Bytes = mmap.mmap | bytes
_MESSAGE = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From [^\r\n]{0,1000}\r?\n(?=[!-9;-~]+:)")
_BEGIN = re.compile(rb"From \S[^\r\n]*\r?\n[!-9;-~]+:")
_SUBJECT = re.compile(rb"^subject:[ \t]*([^\r\n]*(?:\r?\n[ \t]+[^\r\n]*)*)", re.I | re.M)
_QUOTED = re.compile(rb"^>(?=>*From )", re.M)
_HEAD_BYTES = 16 << 10


def is_mbox(head: bytes) -> bool:
    return bool(_BEGIN.match(head))


@contextmanager
def open_mbox(file: File) -> Generator[Container]:
    if isinstance(file.source, Path):
        with (
            file.source.open("rb") as opened,
            mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content,
        ):
            yield Container(_members(content))
    else:
        yield Container(_members(file.source))


def _members(content: _Bytes) -> list[Member]:
    found = [(match.start(), match.end()) for match in _MESSAGE.finditer(content)]
    ends = [start for start, _ in found[1:]] + [len(content)]
    spans = [(start, end) for (_, start), end in zip(found, ends, strict=True)]
    names = unique(_subject(content[start : min(end, start + _HEAD_BYTES)]) for start, end in spans)
    return [
        Member(name, partial(_message, content, start, end))
        for name, (start, end) in zip(names, spans, strict=True)
    ]


def _message(content: _Bytes, start: int, end: int) -> bytes:
    return _QUOTED.sub(b"", content[start:end])


def _subject(head: bytes) -> str:
    match = _SUBJECT.search(head.replace(b"\r\n", b"\n").partition(b"\n\n")[0])
    raw = match.group(1).decode("utf-8", "replace") if match else ""
    try:
        subject = str(make_header(decode_header(raw)))
    except (HeaderParseError, LookupError, UnicodeDecodeError, ValueError):
        subject = raw
    return " ".join(subject.split()).replace("/", "_") or "-"
