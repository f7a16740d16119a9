"""Times the way from a question to its passages, against a plain search over all vectors.

    python -m bench.search [--passages 10000 ...] [--workspaces 1 20] [--queries 200] [--save]

The library is synthetic (`bench.corpus`), the question's embedding real: ``search`` is what the
server does with a question, from its text to the passages. ``meaning``, ``words`` and ``embed``
are its parts. ``exact`` multiplies all vectors, in memory, and sqlite-vec scans them in a file
of its own. Memory is that of the process after ``search``, and of the embedder's.
"""

import argparse
import asyncio
import json
import os
import platform
import time
from collections.abc import Awaitable, Callable, Sequence
from importlib import import_module
from operator import itemgetter
from pathlib import Path
from typing import Any

import apsw
import numpy as np

from bench import saved
from bench.corpus import CHUNKS_A_DOCUMENT, Floats, Library, Texts, unit
from bench.memory import rss_mb
from bench.vectors import CACHE
from groundwire.adapters.embedded.documents import SqliteDocuments
from groundwire.adapters.embedded.index import SqliteIndex
from groundwire.adapters.embedder.local import DIMENSIONS, LocalEmbedder
from groundwire.ports.passage_index import Hit, WordHits
from groundwire.retrieve.fuse import DEPTH
from groundwire.retrieve.meaning import Meanings
from groundwire.retrieve.search import Found, Search

WARM_UP = 5
PASSAGES = 8
# To fill it with more takes longer than all the rest.
MOST_IN_SQLITE_VEC = 100_000
RESULTS = Path(__file__).parent / "results" / "search.json"
Timed = dict[str, float]
# By name, since the library ships no types.
_sqlite_vec: Any = import_module("sqlite_vec")


class Asked:
    """What is timed, by the number of the question; each goes to the next workspace."""

    def __init__(
        self, library: Library, index: SqliteIndex, documents: SqliteDocuments, count: int
    ) -> None:
        self.embedder = LocalEmbedder()
        self._index = index
        self._search = Search(
            chunks=index, meanings=Meanings(index, [self.embedder]), documents=documents
        )
        self._workspaces = library.workspaces
        self._texts, self.vectors = ask_something(count)

    def place(self, number: int) -> int:
        return number % len(self._workspaces)

    async def search(self, number: int) -> Found:
        workspace = self._workspaces[self.place(number)]
        return await self._search.search(workspace, self._texts[number], limit=PASSAGES)

    async def meaning(self, number: int) -> Sequence[Hit]:
        workspace = self._workspaces[self.place(number)]
        vector = self.vectors[number]
        return await self._index.serving.search_meaning(workspace, vector, limit=DEPTH)

    async def words(self, number: int) -> WordHits:
        workspace = self._workspaces[self.place(number)]
        return await self._index.search_words(workspace, self._texts[number], limit=DEPTH)

    async def embed(self, number: int) -> Floats:
        return await self.embedder.embed([self._texts[number]], kind="query")


async def time_each(queries: int, work: Callable[[int], Awaitable[object]]) -> Timed:
    """Return p50 and p99 in milliseconds of ``work``, done one after another."""
    taken: list[float] = []
    for number in range(-WARM_UP, queries):
        began = time.perf_counter()
        await work(number)
        if number >= 0:
            taken.append((time.perf_counter() - began) * 1_000)
    p50, p99 = np.percentile(taken, [50, 99])
    return {"p50_ms": round(float(p50), 1), "p99_ms": round(float(p99), 1)}


async def measure(
    passages: int, workspaces: int, queries: int, *, is_alone: bool = False
) -> dict[str, Any]:
    library = Library(passages, workspaces)
    filled, load = await library.prepare(), round(os.getloadavg()[0], 1)
    began = time.perf_counter()
    async with library.open() as (index, documents):
        opened_ms = (time.perf_counter() - began) * 1_000
        asked = Asked(library, index, documents, queries + WARM_UP)
        try:
            await asked.embedder.warm()
            began = time.perf_counter()
            await asked.search(0)
            first_ms = (time.perf_counter() - began) * 1_000
            timed = {"search": await time_each(queries, asked.search)}
            memory = {"server_mb": rss_mb(os.getpid()), "embedder_mb": rss_mb(asked.embedder.pid)}
            for work in (asked.embed, asked.words, asked.meaning):
                timed[work.__name__] = await time_each(queries, work)
            hits = [(await asked.words(number)).hits for number in range(queries)]
        finally:
            await asked.embedder.aclose()
        bare = {} if is_alone else await _compare(library, asked, queries)
    return {
        "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
        "load_before": load,
        "passages": library.passages,
        "workspaces": workspaces,
        **filled,
        "open_ms": round(opened_ms),
        "first_ms": round(first_ms),
        **memory,
        "questions_with_words": sum(map(bool, hits)) / queries,
        **timed,
        **bare,
    }


async def _compare(library: Library, asked: Asked, queries: int) -> dict[str, Any]:
    """Time plain searches for the same vectors, and count what ours finds of theirs."""
    spaces = [_vectors(library, place) for place in range(len(library.workspaces))]

    async def exact(number: int) -> list[str]:
        vectors, ids = spaces[asked.place(number)]
        cosines = vectors @ asked.vectors[number]
        best = np.argpartition(-cosines, DEPTH)[:DEPTH]
        return [ids(place) for place in best[np.argsort(-cosines[best])].tolist()]

    timed: dict[str, Any] = {"exact": await time_each(queries, exact)}
    seen = {10: 0.0, DEPTH: 0.0}
    for number in range(queries):
        ours, all = await asked.meaning(number), await exact(number)
        for cut in seen:
            found = {hit.chunk for hit in ours[:cut]} & set(all[:cut])
            seen[cut] += len(found) / cut / queries
    if library.passages <= MOST_IN_SQLITE_VEC:
        timed["sqlite_vec"] = await _time_sqlite_vec(spaces, asked, queries)
    return timed | {f"recall_of_exact@{cut}": round(share, 4) for cut, share in seen.items()}


def _vectors(library: Library, place: int) -> tuple[Floats, Callable[[int], str]]:
    """Return all vectors of a workspace, and what gives the chunk of each row."""
    numbers = library.in_workspace(place)
    vectors = np.empty((len(numbers) * CHUNKS_A_DOCUMENT, DIMENSIONS), np.float32)
    for n, number in enumerate(numbers):
        vectors[n * CHUNKS_A_DOCUMENT : (n + 1) * CHUNKS_A_DOCUMENT] = library.vectors_of(number)
    return vectors, lambda row: f"d{numbers[row // CHUNKS_A_DOCUMENT]}:{row % CHUNKS_A_DOCUMENT}"


async def _time_sqlite_vec(
    spaces: Sequence[tuple[Floats, Callable[[int], str]]], asked: Asked, queries: int
) -> Timed:
    path = CACHE / "sqlite-vec.db"
    path.unlink(missing_ok=True)
    db = apsw.Connection(str(path))
    try:
        db.config(apsw.SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1)
        db.load_extension(_sqlite_vec.loadable_path())
        db.execute(
            "CREATE VIRTUAL TABLE v USING vec0"
            f"(place INTEGER PARTITION KEY, vector FLOAT[{DIMENSIONS}] distance_metric=cosine)"
        )
        with db:
            for place, (vectors, _) in enumerate(spaces):
                rows = ((place, row.tobytes()) for row in vectors)
                db.executemany("INSERT INTO v (place, vector) VALUES (?, ?)", rows)

        async def nearest(number: int) -> object:
            return db.execute(
                "SELECT rowid, distance FROM v WHERE vector MATCH ? AND k = ? AND place = ?",
                (asked.vectors[number].tobytes(), DEPTH, asked.place(number)),
            ).fetchall()

        return await time_each(queries, nearest)
    finally:
        db.close()
        path.unlink()


def ask_something(count: int) -> tuple[list[str], Floats]:
    """Return questions, in English and Chinese by turns, and a vector for each."""
    texts, chance = Texts(-1), np.random.default_rng(2)
    asked = [texts.chinese(18) if n % 2 else texts.english(9) for n in range(count)]
    return asked, unit(chance.standard_normal((count, DIMENSIONS), dtype=np.float32))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--passages", type=int, nargs="*", default=[10_000])
    parser.add_argument("--workspaces", type=int, nargs="*", default=[1])
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--prepare", action="store_true", help="fill the libraries, time nothing")
    parser.add_argument("--alone", action="store_true", help="without what it is compared with")
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}")
    options = parser.parse_args()
    kinds = [(count, among) for count in options.passages for among in options.workspaces]
    if options.prepare:
        for count, among in kinds:
            print(count, among, asyncio.run(Library(count, among).prepare()))
        return
    for kind in kinds:
        run = asyncio.run(measure(*kind, options.queries, is_alone=options.alone))
        print(json.dumps(run, indent=2), flush=True)
        if options.save:
            _save(run)


def _save(run: dict[str, Any]) -> None:
    """Keep ``run`` beside those of other sizes."""
    size = ("passages", "workspaces")
    runs = saved.merge_rows(saved.read(RESULTS), [run], *size)
    saved.write(RESULTS, sorted(runs, key=itemgetter(*size)))


if __name__ == "__main__":
    main()
