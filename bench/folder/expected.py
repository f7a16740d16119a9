"""What an undisturbed reader makes of each file, and how long that takes."""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from groundwire.adapters.parsers.pool import open_pool
from groundwire.model.documents import Chunk
from groundwire.model.errors import UnreadableDocument
from groundwire.model.ids import DocumentId

AT_ONCE = 2
WALL_S = 120.0
WORDS, CHARACTERS = 14, 30


@dataclass(frozen=True, slots=True)
class Expected:
    """``codes`` are what the file may fail with, none if it must be ready.

    ``passages`` are how many it has, ``texts`` their digest. ``question`` is words of one of
    them.
    """

    codes: tuple[str, ...]
    passages: int = 0
    texts: str = ""
    question: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """``refused`` are those found as they are that cannot be read, with the reason."""

    files: Mapping[str, Expected]
    refused: Mapping[str, str]
    bare_s: float

    @property
    def passages(self) -> int:
        return sum(each.passages for each in self.files.values())


async def expect(folder: Path, bad: Mapping[str, tuple[str, ...]]) -> Plan:
    """Read every file of ``folder`` with the parser alone, two at a time.

    A bad file must be refused for its reasons, whatever the parser says here.
    """
    parser = open_pool(wall_s=WALL_S)
    waiting = iter(bad.items())
    files, refused = dict[str, Expected](), dict[str, str]()

    async def work() -> None:
        for name, codes in waiting:
            try:
                cut = await parser.cut(
                    folder / name, name=name, document=DocumentId("d"), version=1
                )
            except UnreadableDocument as error:
                files[name] = Expected(codes or (error.reason,))
                if not codes:
                    refused[name] = error.reason
            else:
                files[name] = Expected(codes) if codes else _ready(cut.chunks)

    await parser.warm()
    began = time.monotonic()
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(work())
    finally:
        await parser.close()
    return Plan(files, refused, time.monotonic() - began)


def digest_of(texts: Iterable[str]) -> str:
    found = sha256()
    for text in texts:
        found.update(text.encode(errors="surrogatepass") + b"\0")
    return found.hexdigest()


def _ready(chunks: Sequence[Chunk]) -> Expected:
    texts = [chunk.text for chunk in chunks]
    return Expected((), len(chunks), digest_of(texts), _question(texts[len(texts) // 2]))


def _question(text: str) -> str:
    """Return the first words of ``text``, or characters where it has no words."""
    words = text.split()
    return " ".join(words[:WORDS]) if len(words) >= WORDS else text[:CHARACTERS]
