"""Scores search on folders of questions with known answers, through the product's own path.

    python -m bench.retrieval_quality --sets DIR [--only NAME …] [--sample N] [--json]

Every corpus entry becomes a document: cut by `ingest.chunk`, indexed and embedded as an upload
is. An entry's rank is that of its best passage. Vectors are kept in ``bench/.cache``.
"""

import argparse
import asyncio
import json
import math
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.evalset import EvalSet, chunk_entry, read_set
from bench.vectors import RememberingEmbedder
from groundwire.adapters.embedded.index import SqliteIndex
from groundwire.adapters.embedder.local import LocalEmbedder
from groundwire.ingest.chunk import embedding_text
from groundwire.model.ids import ChunkId, DocumentId, WorkspaceId
from groundwire.retrieve.fuse import fuse
from groundwire.retrieve.search import DEPTH

WORKSPACE = WorkspaceId("bench")
WAYS = ("words", "meaning", "both")
Result = dict[str, dict[str, float]]
CUTS: tuple[int, ...] = (1, 5, 10)
RESULTS = Path(__file__).parent / "results" / "retrieval_quality.json"
SEVERAL = 64

Ranking = Sequence[str]


@dataclass(frozen=True)
class Scores:
    """Means over the queries of a set; recall by the number of entries looked at."""

    recall: dict[int, float]
    ndcg: float
    mrr: float

    def as_json(self) -> dict[str, float]:
        recall = {f"recall@{cut}": round(self.recall[cut], 4) for cut in CUTS}
        return recall | {"ndcg@10": round(self.ndcg, 4), "mrr@10": round(self.mrr, 4)}


def score(rankings: Mapping[str, Ranking], relevant: Mapping[str, Mapping[str, int]]) -> Scores:
    """Score rankings of distinct entries against graded answers.

    Source of nDCG: Järvelin & Kekäläinen 2002, with linear gains, as trec_eval has it.
    """
    count = len(rankings)
    recall = dict.fromkeys(CUTS, 0.0)
    ndcg = mrr = 0.0
    for query, ranking in rankings.items():
        grades = relevant[query]
        for cut in CUTS:
            recall[cut] += sum(entry in grades for entry in ranking[:cut]) / len(grades) / count
        ideal = _gain(sorted(grades.values(), reverse=True)[:10])
        ndcg += _gain([grades.get(entry, 0) for entry in ranking[:10]]) / ideal / count
        first = next((n for n, entry in enumerate(ranking[:10], 1) if entry in grades), None)
        mrr += (1 / first if first else 0.0) / count
    return Scores(recall, ndcg, mrr)


def _gain(grades: Iterable[int]) -> float:
    return sum(grade / math.log2(rank + 1) for rank, grade in enumerate(grades, start=1))


async def index_set(index: SqliteIndex, embedder: RememberingEmbedder, evalset: EvalSet) -> None:
    for number, entry in enumerate(evalset.corpus):
        document = DocumentId(entry.id)
        chunks = chunk_entry(entry)
        await index.replace(WORKSPACE, document, chunks, title=entry.title)
        texts = [embedding_text(chunk, entry.title) for chunk in chunks]
        vectors = await embedder.embed(texts, kind="passage")
        await index.add(WORKSPACE, document, [chunk.id for chunk in chunks], vectors)
        if number % SEVERAL == 0:
            print(f"\r{evalset.name}: {number}/{len(evalset.corpus)}", end="", file=sys.stderr)


async def rank(
    index: SqliteIndex, embedder: RememberingEmbedder, evalset: EvalSet
) -> dict[str, dict[str, Ranking]]:
    """Return for each way of searching each query's ranking of entries."""
    rankings: dict[str, dict[str, Ranking]] = {way: {} for way in WAYS}
    vectors = await embedder.embed([query.text for query in evalset.queries], kind="query")
    for query, vector in zip(evalset.queries, vectors, strict=True):
        words = await index.search_words(WORKSPACE, query.text, limit=DEPTH)
        meaning = await index.search_meaning(WORKSPACE, vector, limit=DEPTH)
        rankings["words"][query.id] = _entries(hit.chunk for hit in words.hits)
        rankings["meaning"][query.id] = _entries(hit.chunk for hit in meaning)
        rankings["both"][query.id] = _entries(item.chunk for item in fuse(words, meaning))
    return rankings


def _entries(chunks: Iterable[ChunkId]) -> Ranking:
    """Return the entries of ``chunks``, each where its best one stands."""
    return list(dict.fromkeys(chunk.rpartition(":")[0] for chunk in chunks))


async def measure(evalset: EvalSet, embedder: RememberingEmbedder) -> Result:
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        index = SqliteIndex(Path(folder) / "index.db", embedder=embedder.name)
        try:
            await index_set(index, embedder, evalset)
            rankings = await rank(index, embedder, evalset)
        finally:
            index.close()
    print(f"\r{evalset.name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    size: Result = {"size": {"entries": len(evalset.corpus), "queries": len(evalset.queries)}}
    return size | {way: score(rankings[way], evalset.relevant).as_json() for way in WAYS}


async def run(folders: Sequence[Path], sample: int | None) -> dict[str, Result]:
    local = LocalEmbedder(timeout_s=600)
    embedder = RememberingEmbedder(local)
    try:
        return {
            folder.name: await measure(read_set(folder, sample=sample), embedder)
            for folder in folders
        }
    finally:
        embedder.close()
        await local.aclose()


def print_table(results: Mapping[str, Result]) -> None:
    print(f"{'set':16} {'by':8} {'R@1':>6} {'R@5':>6} {'R@10':>6} {'nDCG':>6} {'MRR':>6}")
    for name, result in results.items():
        for way in WAYS:
            print(f"{name:16} {way:8}", *(f"{value:6.3f}" for value in result[way].values()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sets", type=Path, required=True, help="a folder of sets, or one set")
    parser.add_argument("--only", nargs="*", default=[], help="names of sets")
    parser.add_argument("--sample", type=int, help="about so many queries of each set")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}")
    asked = parser.parse_args()
    folders = sorted(path.parent for path in asked.sets.glob("**/qrels.tsv"))
    chosen = [path for path in folders if not asked.only or path.name in asked.only]
    if not chosen:
        parser.error(f"there is no set in {asked.sets}")
    results = asyncio.run(run(chosen, asked.sample))
    text = json.dumps(results, indent=2)
    if asked.save:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(text + "\n", encoding="utf-8")
    if asked.json:
        print(text)
    else:
        print_table(results)


if __name__ == "__main__":
    main()
