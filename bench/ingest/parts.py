"""The parts of the way alone, as warm as they are in a server."""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bench.folder.material import File
from groundwire.adapters.embedded.index import SqliteIndex
from groundwire.adapters.parsers.pool import open_pool
from groundwire.cut.chunk import chunk_blocks, embedding_text
from groundwire.ingest.intake import EMBEDDING, PARSING
from groundwire.model.documents import Chunk, Parsed
from groundwire.model.errors import UnreadableDocument
from groundwire.model.ids import DocumentId, WorkspaceId
from groundwire.ports.embedder import Embedder

WALL_S = 120.0
# What is embedded together; larger than that, a batch is cut by the embedder.
TOGETHER = 64
Item = TypeVar("Item")
Vectors = dict[str, NDArray[np.float32]]
"""Of each text."""


@dataclass(frozen=True, slots=True)
class Read:
    """A file that was read, in passages; ``pages`` is 0 where the format has none."""

    name: str
    pages: int
    chunks: list[Chunk]

    @property
    def texts(self) -> list[str]:
        return [embedding_text(chunk, self.name) for chunk in self.chunks]


async def parse_alone(files: Sequence[File]) -> tuple[list[Read], float]:
    """Return what can be read of ``files``, and the seconds of the parser for all of them."""
    parser = open_pool(wall_s=WALL_S)
    parsed = dict[str, Parsed]()
    with tempfile.TemporaryDirectory() as place:
        paths = {file.name: Path(place) / str(n) for n, file in enumerate(files)}
        for file in files:
            paths[file.name].write_bytes(file.content)

        async def parse(file: File) -> None:
            try:
                parsed[file.name] = await parser.parse(paths[file.name], name=file.name)
            except UnreadableDocument:
                return  # it is in no part then

        try:
            # Each child reads one file first.
            await at_once(PARSING, files[:PARSING], parse)
            began = time.monotonic()
            await at_once(PARSING, files, parse)
            taken = time.monotonic() - began
        finally:
            await parser.close()
    reads = [
        Read(name, each.pages or 0, chunk_blocks(DocumentId(name), each.blocks))
        for name, each in parsed.items()
    ]
    return reads, taken


async def embed_alone(embedder: Embedder, reads: Sequence[Read]) -> tuple[Vectors, float]:
    """Return the vectors of all passages, and the seconds, with several batches at a time."""
    vectors: Vectors = {}
    texts = [text for read in reads for text in read.texts]
    await embedder.embed(texts[:1], kind="passage")
    batches = [texts[n : n + TOGETHER] for n in range(0, len(texts), TOGETHER)]

    async def embed(batch: list[str]) -> None:
        rows = await embedder.embed(batch, kind="passage")
        vectors.update(zip(batch, rows, strict=True))

    began = time.monotonic()
    await at_once(EMBEDDING, batches, embed)
    return vectors, time.monotonic() - began


async def index_alone(vectors: Vectors, reads: Sequence[Read]) -> float:
    """Return the seconds of the index for words and vectors of all passages."""
    rows = {read.name: np.stack([vectors[text] for text in read.texts]) for read in reads}
    workspace = WorkspaceId("w")
    with tempfile.TemporaryDirectory() as place:
        index = SqliteIndex(Path(place) / "index.db", embedder="bench")

        async def add(read: Read) -> None:
            document = DocumentId(read.name)
            await index.replace(workspace, document, read.chunks, title=read.name)
            ids = [chunk.id for chunk in read.chunks]
            await index.serving.add(workspace, document, ids, rows[read.name])

        try:
            began = time.monotonic()
            await at_once(PARSING, reads, add)
            return time.monotonic() - began
        finally:
            index.close()


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
