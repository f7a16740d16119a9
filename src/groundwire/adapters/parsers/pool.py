"""The `Parser` and `PageImages`: confined child processes, kept warm, replaced when they fail."""

import asyncio
import shutil
from dataclasses import dataclass
from pathlib import Path

import msgspec

from groundwire.adapters.parsers.messages import (
    BROKEN,
    TIMED_OUT,
    TOO_LARGE,
    Draw,
    Message,
    Ready,
    Refusal,
    Request,
    Start,
    Wish,
)
from groundwire.adapters.parsers.reading import Drawing, Reading
from groundwire.adapters.runtime.confined import GONE, ConfinedChild, TooLong
from groundwire.model.documents import Cut, Parsed
from groundwire.model.errors import Overloaded
from groundwire.model.ids import DocumentId
from groundwire.ports.page_images import View

START_S = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What one file may cost. ``memory_bytes`` is address space, most of it never touched.

    ``wall_s`` and ``cpu_s`` are those of a file, of each member of one that holds others, and of
    each page that is recognised from a picture; ``whole_s`` and ``text_chars`` are for all of
    them together. A child serves ``files`` files, then a fresh one takes its place, lest leaks
    add up.
    """

    wall_s: float = 120.0
    whole_s: float = 7200.0
    cpu_s: int = 90
    memory_bytes: int = 2 << 30
    reply_bytes: int = 256 << 20
    text_chars: int = 64 << 20
    files: int = 100


class ParserPool:
    """At most ``size`` children, each with one file at a time; more files wait.

    One more draws pages, so that who looks at one need not wait for files to be read.

    Children are started when first needed, or by `warm`. `close` ends them. ``isolated`` says
    whether the kernel keeps the children from the network; ``None`` before the first.
    ``tesseract`` is the path of the program that recognises text in pictures, if there is one.
    """

    def __init__(
        self, *, limits: Limits | None = None, size: int = 2, tesseract: str | None = None
    ) -> None:
        self.isolated: bool | None = None
        self._tesseract = tesseract
        self._limits = limits or Limits()
        self._free = asyncio.Semaphore(size)
        self._drawing = asyncio.Semaphore(1)
        self._idle: list[_Child] = []
        self._all: set[_Child] = set()

    async def warm(self) -> None:
        """Start one child now, so that the first upload does not wait for it."""
        if not self._all:
            self._idle.append(await self._start())

    async def close(self) -> None:
        """End the children; files that they were reading fail."""
        for child in [*self._all]:
            await self._end(child)
        self._idle.clear()

    def busy(self) -> list[int]:
        """Return the process ids of the children that are reading a file."""
        return [child.pid for child in self._all if not child.in_step]

    async def parse(self, blob: Path, *, name: str) -> Parsed:
        return (await self._read(blob, name)).outcome()

    async def cut(self, blob: Path, *, name: str, document: DocumentId, version: int) -> Cut:
        reading = await self._read(blob, name, cut=True)
        # In a thread: a book of 10,000 chunks would keep the event loop for 20 ms.
        return await asyncio.to_thread(reading.cut, document, version)

    async def draw(self, blob: Path, view: View, *, name: str) -> bytes:
        drawing = Drawing()
        async with self._drawing:
            await self._turn(Draw(str(blob), name, view), drawing)
        return drawing.outcome()

    async def _read(self, blob: Path, name: str, *, cut: bool = False) -> Reading:
        """Have children read the file until all of it has been said, or is given up."""
        reading = Reading()
        try:
            async with asyncio.timeout(self._limits.whole_s):
                while (start := reading.following) is not None:
                    async with self._free:
                        await self._turn(Request(str(blob), name, start, cut), reading)
        except TimeoutError:
            reading.give_up(TIMED_OUT)
        return reading

    async def _turn(self, wish: Wish, reading: Reading | Drawing) -> None:
        """Have a child do ``wish`` until it has said its last word about it."""
        child = self._idle.pop() if self._idle else await self._start()
        try:
            child.ask(wish)
            while not child.in_step:
                async with asyncio.timeout(self._limits.wall_s):
                    message = await child.hear(self._limits.reply_bytes)
                child.in_step = reading.take(message)
                if reading.chars > self._limits.text_chars:
                    reading.give_up(TOO_LARGE)
                    return
        except TimeoutError:
            reading.fail(TIMED_OUT)
        except TooLong:
            reading.give_up(TOO_LARGE)
        except msgspec.MsgspecError:
            reading.fail(BROKEN)
        except GONE:
            reading.fail(await child.post_mortem())
        finally:
            # Nobody reads what a child says that was given up in the middle of a file.
            if child.in_step and child.served < self._limits.files:
                self._idle.append(child)
            else:
                await asyncio.shield(self._end(child))

    async def _start(self) -> "_Child":
        child = _Child(await ConfinedChild.start("groundwire.adapters.parsers.child"))
        self._all.add(child)
        try:
            async with asyncio.timeout(START_S):
                ready = await child.start(self._limits, self._tesseract)
        except (TimeoutError, *GONE) as error:
            await self._end(child)
            raise Overloaded("The program that reads files does not start. See the log.") from error
        except asyncio.CancelledError:
            await asyncio.shield(self._end(child))
            raise
        self.isolated = ready.isolated
        return child

    async def _end(self, child: "_Child") -> None:
        self._all.discard(child)
        await child.end()


def open_pool(*, wall_s: float) -> ParserPool:
    """Return a pool that recognises text in pictures if this machine has Tesseract."""
    return ParserPool(limits=Limits(wall_s=wall_s), tesseract=shutil.which("tesseract"))


class _Child:
    """``in_step`` is whether every request so far has its reply."""

    def __init__(self, process: ConfinedChild) -> None:
        self._process = process
        self.served = 0
        self.in_step = True

    @property
    def pid(self) -> int:
        return self._process.pid

    async def start(self, limits: Limits, tesseract: str | None) -> Ready:
        start = Start(limits.memory_bytes, limits.cpu_s, tesseract)
        self._process.send(msgspec.json.encode(start))
        return msgspec.json.decode(await self._process.receive(limits.reply_bytes), type=Ready)

    def ask(self, wish: Wish) -> None:
        self.in_step = False
        self.served += 1
        self._process.send(msgspec.json.encode(wish))

    async def hear(self, most_bytes: int) -> Message:
        return msgspec.json.decode(await self._process.receive(most_bytes), type=Message)

    async def post_mortem(self) -> Refusal:
        """Say for the user what ended the child."""
        return TIMED_OUT if await self._process.ran_out() else BROKEN

    async def end(self) -> None:
        await self._process.end()
