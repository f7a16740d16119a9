"""Times search in one large workspace, against the bare vector query.

    python -m bench.search [--passages 10000] [--queries 200] [--save] [--no-model]

Vectors are random in clusters; texts are random words of a Zipf-like vocabulary, half of
them Chinese. The question is embedded by the real model unless ``--no-model`` is given.
"""

import argparse
import asyncio
import json
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from groundwire.adapters.embedded.index import SqliteIndex
from groundwire.adapters.embedder.local import LocalEmbedder
from groundwire.model.documents import Chunk
from groundwire.model.ids import ChunkId, DocumentId, WorkspaceId
from groundwire.ports.passage_index import Hit, WordHits
from groundwire.retrieve.fuse import fuse
from groundwire.retrieve.search import DEPTH

WORKSPACE = WorkspaceId("bench")
DIMENSIONS = 384
CHUNKS_A_DOCUMENT = 200
WARM_UP = 5
RESULTS = Path(__file__).parent / "results" / "search.json"


class Texts:
    """Random sentences: common words often, rare ones seldom."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._english = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in "aeiou" for c in _ENDINGS]
        self._chinese = [chr(0x4E00 + n) for n in range(3_000)]
        self._random.shuffle(self._english)

    def english(self, words: int) -> str:
        return " ".join(self._some(self._english) for _ in range(words))

    def chinese(self, characters: int) -> str:
        return "".join(self._some(self._chinese) for _ in range(characters))

    def _some(self, vocabulary: list[str]) -> str:
        return vocabulary[int(len(vocabulary) ** self._random.random()) - 1]


_ENDINGS = [f"{a}{b}" for a in "bcdfgklmnprstvz" for b in ("ax", "im", "orn", "el", "ust", "ock")]


async def fill(index: SqliteIndex, passages: int) -> float:
    """Index ``passages`` synthetic chunks; return the seconds it took."""
    texts, rng = Texts(1), np.random.default_rng(1)
    centres = rng.standard_normal((50, DIMENSIONS), dtype=np.float32)
    began = time.monotonic()
    for number in range(passages // CHUNKS_A_DOCUMENT):
        document = DocumentId(f"d{number}")
        chunks = [
            Chunk(
                id=ChunkId(f"{document}:{n}"),
                document=document,
                position=n,
                text=texts.english(100) if number % 2 else texts.chinese(250),
            )
            for n in range(CHUNKS_A_DOCUMENT)
        ]
        await index.replace(WORKSPACE, document, chunks)
        near = centres[rng.integers(0, len(centres), len(chunks))]
        vectors = _unit(near + rng.standard_normal(near.shape, dtype=np.float32))
        await index.add(WORKSPACE, document, [chunk.id for chunk in chunks], vectors)
    return time.monotonic() - began


async def time_each(queries: int, work: Callable[[int], Awaitable[object]]) -> dict[str, float]:
    """Return p50 and p99 in milliseconds of ``work``, done one after another."""
    taken: list[float] = []
    for number in range(-WARM_UP, queries):
        began = time.perf_counter()
        await work(number)
        if number >= 0:
            taken.append((time.perf_counter() - began) * 1_000)
    p50, p99 = np.percentile(taken, [50, 99])
    return {"p50_ms": round(float(p50), 1), "p99_ms": round(float(p99), 1)}


class Asked:
    """What is timed, by the number of the question. A ``None`` embedder costs nothing."""

    def __init__(self, index: SqliteIndex, embedder: LocalEmbedder | None, count: int) -> None:
        self._index = index
        self._embedder = embedder
        self._texts, self._vectors = _questions(count)

    async def bare(self, number: int) -> object:
        """Find the ten nearest vectors."""
        return await self._index.search_meaning(WORKSPACE, self._vectors[number], limit=10)

    async def words(self, number: int) -> WordHits:
        return await self._index.search_words(WORKSPACE, self._texts[number], limit=DEPTH)

    async def embed(self, number: int) -> object:
        if self._embedder is not None:
            await self._embedder.embed([self._texts[number]], kind="query")
        return self._vectors[number]

    async def meaning(self, number: int) -> Sequence[Hit]:
        await self.embed(number)
        return await self._index.search_meaning(WORKSPACE, self._vectors[number], limit=DEPTH)

    async def both(self, number: int) -> object:
        async with asyncio.TaskGroup() as group:
            near = group.create_task(self.meaning(number))
            said = group.create_task(self.words(number))
        best = fuse(said.result(), near.result())[:16]
        return await self._index.get([item.chunk for item in best])


async def measure(passages: int, queries: int, *, with_model: bool) -> dict[str, object]:
    embedder = LocalEmbedder()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index.db"
        index = SqliteIndex(path, embedder="bench", dimensions=DIMENSIONS)
        asked = Asked(index, embedder if with_model else None, queries + WARM_UP)
        try:
            filled = await fill(index, passages)
            size = path.stat().st_size
            works = (asked.bare, asked.words, asked.embed, asked.both)
            timed = {work.__name__: await time_each(queries, work) for work in works}
        finally:
            index.close()
            await embedder.aclose()
    bare = timed["bare"]["p50_ms"]
    return {
        "passages": passages,
        "passages_per_s": round(passages / filled),
        "file_mb": round(size / 1e6),
        **timed,
        "to_bare": {name: round(each["p50_ms"] / bare, 1) for name, each in timed.items()},
    }


def _questions(count: int) -> tuple[list[str], NDArray[np.float32]]:
    texts, rng = Texts(2), np.random.default_rng(2)
    asked = [texts.chinese(18) if n % 2 else texts.english(9) for n in range(count)]
    return asked, _unit(rng.standard_normal((count, DIMENSIONS), dtype=np.float32))


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--passages", type=int, nargs="*", default=[10_000])
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--no-model", action="store_true")
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}")
    asked = parser.parse_args()
    results = [
        asyncio.run(measure(count, asked.queries, with_model=not asked.no_model))
        for count in asked.passages
    ]
    text = json.dumps(results, indent=2)
    print(text)
    if asked.save:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
