"""Asks two questions at once, and counts how often both answers are among what is found.

    python -m bench.compound --sets DIR [--only NAME …] [--pairs 200] [--save]

The questions of each set are joined two by two, as people join them. Each pair is searched for as
it stands, and as the product does, split by its rules; and each question alone, which is what
a perfect split would reach.
"""

import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from bench import by_set
from bench.evalset import EvalSet, Query, read_set
from bench.library import WORKSPACE, open_library
from bench.vectors import RememberingEmbedder
from groundwire.retrieve.search import Search
from groundwire.retrieve.split import split

RESULTS = Path(__file__).parent / "results" / "compound.json"
PASSAGES = 8
_QUESTION_WORD = re.compile(r"(?i)^(what|which|who|whom|whose|when|where|why|how|in|on|at|the)\b")

Result = dict[str, float]


class Pair(NamedTuple):
    first: Query
    second: Query
    text: str


def pairs_of(evalset: EvalSet, count: int) -> Iterator[Pair]:
    """Yield questions that have no answer in common, each with one from the other half."""
    half = len(evalset.queries) // 2
    step = max(1, half // count)
    for n, first in enumerate(evalset.queries[: step * count : step]):
        second = evalset.queries[(n * step + half) % len(evalset.queries)]
        if not evalset.relevant[first.id].keys() & evalset.relevant[second.id].keys():
            yield Pair(first, second, join(first.text, second.text, way=n % 2))


def join(first: str, second: str, *, way: int) -> str:
    """Say both in one breath, in one of two ways; a claim is asked for whether it is true."""
    one, other = (text.strip().rstrip("?？.。") for text in (first, second))
    if any("\u4e00" <= letter <= "\u9fff" for letter in one):
        return f"{one}？{other}？" if way else f"{one}，以及{other}？"
    if not first.rstrip().endswith("?"):
        one, other = (f"is it true that {_lower(text)}" for text in (one, other))
        one = one[:1].upper() + one[1:]
    return f"{one}? {other}?" if way else f"{one}, and {_lower(other)}?"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:] if _QUESTION_WORD.match(text) else text


async def measure(folder: Path, embedder: RememberingEmbedder, *, pairs: int) -> Result:
    evalset = read_set(folder, sample=None)
    async with open_library(embedder) as library:
        await library.add(evalset.corpus)
        return await _count(evalset, library.search, list(pairs_of(evalset, pairs)))


async def _count(evalset: EvalSet, search: Search, pairs: Sequence[Pair]) -> Result:
    both = dict.fromkeys(("split", "as_it_stands", "by_parts", "each_alone"), 0)
    for pair in pairs:
        parts = split(pair.text)
        wanted = [evalset.relevant[query.id].keys() for query in (pair.first, pair.second)]
        whole = await _found(search, pair.text)
        divided = await _found(search, pair.text, parts=parts if len(parts) > 1 else ())
        alone = [await _found(search, query.text) for query in (pair.first, pair.second)]
        both["split"] += len(parts) == 2
        both["as_it_stands"] += all(whole & ids for ids in wanted)
        both["by_parts"] += all(divided & ids for ids in wanted)
        both["each_alone"] += all(found & ids for found, ids in zip(alone, wanted, strict=True))
    shares: Result = {name: round(times / len(pairs), 3) for name, times in both.items()}
    return {"pairs": len(pairs)} | shares


async def _found(search: Search, query: str, **how: Any) -> set[str]:
    found = await search.search(WORKSPACE, query, limit=PASSAGES, **how)
    return {passage.document for passage in found.passages}


def main() -> None:
    parser = by_set.parser_of(__doc__, RESULTS)
    parser.add_argument("--pairs", type=int, default=200, help="about so many of each set")
    asked = parser.parse_args()
    by_set.run(asked, partial(measure, pairs=asked.pairs), RESULTS)


if __name__ == "__main__":
    main()
