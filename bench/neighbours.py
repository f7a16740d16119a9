"""Counts what it changes that chunks in a row become one passage.

    python -m bench.neighbours --sets DIR [--only NAME …] [--sample 150] [--save]

For each number of chunks that a passage may have: how often an entry that answers is among the
eight passages of an answer, how much text these are, how many chunks a passage has, and which
share of the passages is short: less than a third of what a chunk is filled up to.
"""

import statistics
from functools import partial
from pathlib import Path
from unittest.mock import patch

from bench import by_set
from bench.evalset import EvalSet, read_set
from bench.library import WORKSPACE, Library, open_library
from bench.vectors import RememberingEmbedder
from groundwire.cut.pieces import TARGET, weigh
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
        "queries": len(evalset.queries),
        "answered@8": round(answered / len(evalset.queries), 4),
        "characters": round(statistics.mean(lengths)),
        "chunks": round(statistics.mean(chunks), 2),
        "short": round(statistics.mean(short), 3),
    }


async def measure(folder: Path, embedder: RememberingEmbedder, *, sample: int) -> dict[str, Result]:
    evalset = read_set(folder, sample=sample)
    results: dict[str, Result] = {}
    async with open_library(embedder) as library:
        await library.add(evalset.corpus)
        for most in MOST:
            with patch.object(neighbours, "MOST_CHUNKS", most):
                results[str(most)] = await count(library, evalset)
    return results


def main() -> None:
    parser = by_set.parser_of(__doc__, RESULTS)
    parser.add_argument("--sample", type=int, default=150, help="about so many queries of each")
    asked = parser.parse_args()
    by_set.run(asked, partial(measure, sample=asked.sample), RESULTS)


if __name__ == "__main__":
    main()
