"""Counts what it changes that chunks in a row become one passage.

    python -m bench.neighbours --sets DIR [--only NAME …] [--sample 150] [--save]

For each number of chunks that a passage may have: how often an entry that answers is among the
eight passages of an answer, how much text these are, how many chunks a passage has, and which
share of the passages is short: less than a third of what a chunk is filled up to.
"""

import argparse
import asyncio
import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch

from bench.evalset import EvalSet, find_sets, read_set
from bench.library import WORKSPACE, Library, open_library
from bench.vectors import RememberingEmbedder
from groundwire.adapters.embedder.local import LocalEmbedder
from groundwire.ingest.chunk import TARGET, weigh
from groundwire.model.ids import chunks_of
from groundwire.retrieve import neighbours

RESULTS = Path(__file__).parent / "results" / "neighbours.json"
PASSAGES = 8
MOST = (1, 2, 3)

Result = dict[str, float]


async def count(library: Library, evalset: EvalSet) -> Result:
    answered, lengths, chunks, short = 0, list[int](), list[int](), list[bool]()
    for query in evalset.queries:
        found = await library.search.search(WORKSPACE, query.text, limit=PASSAGES)
        wanted = evalset.relevant[query.id]
        answered += any(passage.document in wanted for passage in found.passages)
        lengths.append(sum(len(passage.text) for passage in found.passages))
        chunks += [len(chunks_of(passage.id)) for passage in found.passages]
        short += [weigh(passage.text) < TARGET / 3 for passage in found.passages]
    return {
        "answered@8": round(answered / len(evalset.queries), 4),
        "characters": round(statistics.mean(lengths)),
        "chunks": round(statistics.mean(chunks), 2),
        "short": round(statistics.mean(short), 3),
    }


async def run(folders: Sequence[Path], sample: int) -> dict[str, dict[str, Result]]:
    local = LocalEmbedder(timeout_s=600)
    embedder = RememberingEmbedder(local)
    results: dict[str, dict[str, Result]] = {}
    try:
        for folder in folders:
            evalset = read_set(folder, sample=sample)
            results[folder.name] = {}
            async with open_library(embedder) as library:
                await library.add(evalset.corpus)
                for most in MOST:
                    with patch.object(neighbours, "MOST_CHUNKS", most):
                        results[folder.name][str(most)] = await count(library, evalset)
    finally:
        embedder.close()
        await local.aclose()
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sets", type=Path, required=True, help="a folder of sets, or one set")
    parser.add_argument("--only", nargs="*", default=[], help="names of sets")
    parser.add_argument("--sample", type=int, default=150, help="about so many queries of each")
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}")
    asked = parser.parse_args()
    chosen = [path for path in find_sets(asked.sets) if not asked.only or path.name in asked.only]
    if not chosen:
        parser.error(f"there is no set in {asked.sets}")
    text = json.dumps(asyncio.run(run(chosen, asked.sample)), indent=2)
    if asked.save:
        RESULTS.write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
