"""A synthetic library of any size: texts of a natural vocabulary, vectors in clusters.

What is made depends on nothing but its number, so that the vectors can be made again for a
plain search over all of them. A filled library is kept in ``bench/.cache``.
"""

import json
import random
import shutil
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import cache

import numpy as np
from numpy.typing import NDArray

from bench.vectors import CACHE
from groundwire.adapters.embedded.chunks import MIGRATIONS
from groundwire.adapters.embedded.documents import SqliteDocuments
from groundwire.adapters.embedded.event_log import SqliteEventLog
from groundwire.adapters.embedded.index import SqliteIndex
from groundwire.adapters.embedded.lease import Counter
from groundwire.adapters.embedded.store import Store
from groundwire.adapters.embedder.local import DIMENSIONS, NAME
from groundwire.bootstrap import MIGRATIONS as DATABASE_MIGRATIONS
from groundwire.bootstrap import utc_now
from groundwire.model.documents import Chunk, Document
from groundwire.model.ids import ChunkId, DocumentId, WorkspaceId

CHUNKS_A_DOCUMENT = 200
ENGLISH_WORDS, CHINESE_CHARACTERS = 60_000, 6_000
CENTRES = 50
Floats = NDArray[np.float32]


class Texts:
    """Random sentences in which the word of rank n occurs about once in n (Zipf's law)."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def english(self, words: int) -> str:
        return " ".join(self._some(_english()) for _ in range(words))

    def chinese(self, characters: int) -> str:
        return "".join(self._some(_chinese()) for _ in range(characters))

    def _some(self, vocabulary: list[str]) -> str:
        return vocabulary[int(len(vocabulary) ** self._random.random()) - 1]


@cache
def _english() -> list[str]:
    chance = random.Random(0)
    syllables = [f"{a}{b}{c}" for a in "bdfgklmnprstvz" for b in "aeiou" for c in ("", *"lmnrst")]
    words = {"".join(chance.choices(syllables, k=chance.randint(1, 4))) for _ in range(80_000)}
    return sorted(words, key=len)[:ENGLISH_WORDS]


@cache
def _chinese() -> list[str]:
    characters = [chr(0x4E00 + n) for n in range(CHINESE_CHARACTERS)]
    random.Random(0).shuffle(characters)
    return characters


def unit(rows: Floats) -> Floats:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


class Library:
    """``passages`` of documents of ``each``, dealt out to ``workspaces``."""

    def __init__(self, passages: int, workspaces: int, each: int = CHUNKS_A_DOCUMENT) -> None:
        self._each = each
        self.documents = passages // each
        self.passages = self.documents * each
        self.workspaces = [WorkspaceId(f"w{n}") for n in range(workspaces)]
        schema = len(list(MIGRATIONS.glob("*.sql")))
        kind = f"{passages}-{workspaces}-{schema}" + (
            f"-{each}" if each != CHUNKS_A_DOCUMENT else ""
        )
        self._folder = CACHE / f"library-{kind}"

    def in_workspace(self, place: int) -> range:
        """Return the numbers of the documents in that workspace."""
        return range(place, self.documents, len(self.workspaces))

    def vectors_of(self, number: int) -> Floats:
        """Return the vectors of document ``number``, in order."""
        chance = np.random.default_rng((1, number))
        near = _centres()[chance.integers(0, CENTRES, self._each)]
        return unit(near + chance.standard_normal(near.shape, dtype=np.float32))

    def chunks_of(self, number: int) -> list[Chunk]:
        document, texts = DocumentId(f"d{number}"), Texts(number)
        return [
            Chunk(
                id=ChunkId(f"{document}:{n}"),
                document=document,
                position=n,
                text=texts.english(100) if n % 2 else texts.chinese(250),
            )
            for n in range(self._each)
        ]

    async def prepare(self) -> dict[str, float]:
        """Fill the library unless it was filled before; return how that went."""
        told = self._folder / "filled.json"
        if not told.exists():
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder.mkdir(parents=True)
            async with self.open() as (index, documents):
                taken = await self._fill(index, documents)
            size = (self._folder / "index.db").stat().st_size
            filled = {"passages_per_s": round(self.passages / taken), "file_mb": round(size / 1e6)}
            told.write_text(json.dumps(filled), encoding="utf-8")
        return json.loads(told.read_text(encoding="utf-8"))

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[tuple[SqliteIndex, SqliteDocuments]]:
        store = Store(self._folder / "groundwire.db", DATABASE_MIGRATIONS)
        log = SqliteEventLog(store, utc_now, Counter(self._folder / "seen"))
        index = SqliteIndex(self._folder / "index.db", embedder=NAME)
        try:
            yield index, SqliteDocuments(store, log)
        finally:
            index.close()
            store.close()

    async def _fill(self, index: SqliteIndex, documents: SqliteDocuments) -> float:
        """Return the seconds that the index took, without making up what goes into it."""
        taken = 0.0
        for number in range(self.documents):
            workspace = self.workspaces[number % len(self.workspaces)]
            document = DocumentId(f"d{number}")
            chunks, vectors = self.chunks_of(number), self.vectors_of(number)
            await documents.add(_document(document, workspace))
            began = time.monotonic()
            await index.replace(workspace, document, chunks)
            await index.serving.add(workspace, document, [chunk.id for chunk in chunks], vectors)
            taken += time.monotonic() - began
        return taken


def _document(id: DocumentId, workspace: WorkspaceId) -> Document:
    return Document(
        id=id,
        workspace=workspace,
        title=f"{id}.txt",
        media_type="text/plain",
        size_bytes=0,
        digest=id,
        created_at=datetime.now(UTC),
        status="ready",
        searchable="meaning",
    )


@cache
def _centres() -> Floats:
    return np.random.default_rng(1).standard_normal((CENTRES, DIMENSIONS), dtype=np.float32)
