"""The parts of the way alone, as warm as they are in a server."""

import asyncio
import os
import tempfile
import time
from collections.abc import Awaitable, Callable, Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bench.folder.material import File
from bench.memory import processor_s
from groundwire.adapters.embedded.index import SqliteIndex
from groundwire.adapters.parsers.pool import open_pool
from groundwire.cut.chunk import embedding_text
from groundwire.ingest.intake import EMBEDDING, PARSING
from groundwire.model.documents import Cut
from groundwire.model.errors import UnreadableDocument
from groundwire.model.ids import DocumentId, WorkspaceId
from groundwire.ports.embedder import Embedder

WALL_S = 120.0
# What is embedded together; larger than that, a batch is cut by the embedder.
TOGETHER = 64
Item = TypeVar("Item")
Vectors = dict[str, NDArray[np.float32]]
"""Of each text."""


@dataclass(slots=True)
class Spent:
    """What a part took: seconds of a clock, and of processors by this process and its children."""

    seconds: float = 0.0
    processor_s: float = 0.0


@contextmanager
def spending() -> Generator[Spent]:
    """Measure what is done within; it is known afterwards."""
    spent, used, began = Spent(), processor_s(os.getpid()), time.monotonic()
    yield spent
    spent.seconds = time.monotonic() - began
    spent.processor_s = processor_s(os.getpid()) - used


@dataclass(frozen=True, slots=True)
class Read:
    """A file that was read, in passages."""

    name: str
    cut: Cut

    @property
    def texts(self) -> list[str]:
        return [embedding_text(chunk, self.name) for chunk in self.cut.chunks]


async def parse_alone(files: Sequence[File]) -> tuple[list[Read], Spent, Spent]:
    """Return what can be read of ``files``, what the parser alone took, and with the cutting."""
    parser = open_pool(wall_s=WALL_S)
    cuts = dict[str, Cut]()
    with tempfile.TemporaryDirectory() as place:
        paths = {file.name: Path(place) / str(n) for n, file in enumerate(files)}
        for file in files:
            paths[file.name].write_bytes(file.content)

        async def parse(file: File) -> None:
            with suppress(UnreadableDocument):  # it is in no part then
                await parser.parse(paths[file.name], name=file.name)

        async def cut(file: File) -> None:
            document = DocumentId(file.name)
            with suppress(UnreadableDocument):
                cuts[file.name] = await parser.cut(
                    paths[file.name], name=file.name, document=document, version=1
                )

        try:
            # Each child reads one file first.
            await at_once(PARSING, files[:PARSING], parse)
            with spending() as parsing:
                await at_once(PARSING, files, parse)
            with spending() as reading:
                await at_once(PARSING, files, cut)
        finally:
            await parser.close()
    return [Read(*each) for each in cuts.items()], parsing, reading


async def embed_alone(embedder: Embedder, reads: Sequence[Read]) -> tuple[Vectors, Spent]:
    """Return the vectors of all passages, and what they took, with several batches at a time."""
    vectors: Vectors = {}
    texts = [text for read in reads for text in read.texts]
    await embedder.embed(texts[:1], kind="passage")
    batches = [texts[n : n + TOGETHER] for n in range(0, len(texts), TOGETHER)]

    async def embed(batch: list[str]) -> None:
        rows = await embedder.embed(batch, kind="passage")
        vectors.update(zip(batch, rows, strict=True))

    with spending() as spent:
        await at_once(EMBEDDING, batches, embed)
    return vectors, spent


async def index_alone(vectors: Vectors, reads: Sequence[Read]) -> Spent:
    """Return what the index for words and vectors takes for all passages."""
    rows = {read.name: np.stack([vectors[text] for text in read.texts]) for read in reads}
    workspace = WorkspaceId("w")
    with tempfile.TemporaryDirectory() as place:
        index = SqliteIndex(Path(place) / "index.db", embedder="bench")

        async def add(read: Read) -> None:
            document, cut = DocumentId(read.name), read.cut
            await index.replace(workspace, document, cut.chunks, title=read.name, terms=cut.terms)
            ids = [chunk.id for chunk in cut.chunks]
            await index.serving.add(workspace, document, ids, rows[read.name])

        try:
            with spending() as spent:
                await at_once(PARSING, reads, add)
        finally:
            index.close()
    return spent


async def at_once(
    count: int, items: Iterable[Item], work: Callable[[Item], Awaitable[None]]
) -> None:
    """Do ``work`` with all ``items``, with so many at a time."""
    waiting = iter(items)

    async def go_on() -> None:
        for item in waiting:
            await work(item)

    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            group.create_task(go_on())
