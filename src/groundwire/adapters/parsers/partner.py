"""A parser's second process, which reads every other page of a long PDF.

PDFium is not safe in threads, and reading its pages is three quarters of the time. The partner
is a fork from before the confinement, so that it costs its own pages of memory only, and is
confined in the same way. Linux only: elsewhere a fork of a process with libraries loaded is
not safe either, and a parser reads alone.
"""

import os
import sys
from pathlib import Path
from typing import IO, NoReturn

import msgspec

from groundwire.adapters.parsers.pdf import read_pages
from groundwire.adapters.parsers.pdf_lines import Line
from groundwire.adapters.runtime import confine, wire


class _Share(msgspec.Struct, frozen=True, array_like=True):
    """Pages ``start``, ``start + step`` and so on, counted from 0, of the file at ``path``."""

    path: str
    start: int
    step: int


class _Read(msgspec.Struct, frozen=True, array_like=True):
    """``pages`` is ``None`` when there was not enough memory."""

    pages: list[list[Line]] | None


class Partner:
    """The side of the process that asks. One share at a time: `begin`, then `finish`."""

    def __init__(self, pid: int, sink: IO[bytes], source: IO[bytes]) -> None:
        self._pid = pid
        self._sink = sink
        self._source = source

    def begin(self, path: Path, start: int, step: int) -> None:
        try:
            wire.send(self._sink, msgspec.msgpack.encode(_Share(str(path), start, step)))
        except BrokenPipeError:
            self._follow()

    def finish(self) -> list[list[Line]]:
        """Wait for the pages of the share. Raises ``MemoryError``; dies with its partner."""
        message = wire.receive(self._source)
        if message is None:
            self._follow()
        pages = msgspec.msgpack.decode(message, type=_Read).pages
        if pages is None:
            raise MemoryError
        return pages

    def _follow(self) -> NoReturn:
        """Die as the partner did: the server tells reasons from how a parser ends."""
        _, status = os.waitpid(self._pid, 0)
        if os.WIFSIGNALED(status):
            os.kill(os.getpid(), os.WTERMSIG(status))
        os._exit(1)


def fork_partner(*, memory_bytes: int, cpu_s: int) -> Partner | None:
    """Start the partner of this process, to which the same limits will apply."""
    if sys.platform != "linux":
        return None
    from_us, to_partner = os.pipe()
    from_partner, to_us = os.pipe()
    pid = os.fork()
    if not pid:
        # Whoever reads our parent's output must see its end when the parent dies.
        for descriptor in (to_partner, from_partner, sys.stdin.fileno(), sys.stdout.fileno()):
            os.close(descriptor)
        _serve(os.fdopen(from_us, "rb"), os.fdopen(to_us, "wb"), memory_bytes, cpu_s)
    os.close(from_us)
    os.close(to_us)
    return Partner(pid, os.fdopen(to_partner, "wb"), os.fdopen(from_partner, "rb"))


def _serve(source: IO[bytes], sink: IO[bytes], memory_bytes: int, cpu_s: int) -> NoReturn:
    try:
        confine.confine(memory_bytes)
        while (message := wire.receive(source)) is not None:
            confine.allow_cpu(cpu_s)
            wire.send(sink, msgspec.msgpack.encode(_read(message)))
    except BaseException:  # noqa: BLE001 (a fork must never go on with what its parent was doing)
        os._exit(1)
    os._exit(0)


def _read(message: bytes) -> _Read:
    share = msgspec.msgpack.decode(message, type=_Share)
    try:
        return _Read(read_pages(Path(share.path), share.start, share.step))
    except MemoryError:
        return _Read(None)
