"""Times both indexes among some documents of a large workspace, against all of it.

    python -m bench.filtered [--passages 100000] [--queries 100]

Documents have ten passages each. ``scope`` is the way from a filter to the ids of its documents.
"""

import argparse
import asyncio
import json
import os
from collections.abc import Sequence

from bench.corpus import Floats, Library
from bench.search import Timed, ask_something, time_each
from groundwire.adapters.embedded.index import SqliteIndex
from groundwire.model.filters import EVERYTHING, Filter
from groundwire.model.ids import DocumentId
from groundwire.retrieve.search import DEPTH

EACH = 10
SHARES = (1.0, 0.5, 0.1, 0.01, 0.0)


async def measure(passages: int, queries: int) -> list[dict[str, object]]:
    library = Library(passages, 1, EACH)
    await library.prepare()
    texts, vectors = ask_something(queries + 5)
    told: list[dict[str, object]] = []
    async with library.open() as (index, documents):
        (workspace,) = library.workspaces
        told.append({"documents": None, **await _time(library, index, texts, vectors, None)})
        for share in SHARES:
            step = max(1, round(1 / share)) if share else library.documents
            named = [DocumentId(f"d{n}") for n in range(0, library.documents, step)]
            timed = await _time(library, index, texts, vectors, named)
            told.append({"documents": len(named), **timed})
        for name, filter in (("everything", EVERYTHING), ("type", Filter(types=("text",)))):
            scope = await time_each(queries, lambda _, f=filter: documents.scope(workspace, f))
            told.append({"scope": name, **scope})
    return told


async def _time(
    library: Library,
    index: SqliteIndex,
    texts: Sequence[str],
    vectors: Floats,
    named: Sequence[DocumentId] | None,
) -> dict[str, Timed]:
    (workspace,) = library.workspaces
    queries = len(texts) - 5
    return {
        "words": await time_each(
            queries,
            lambda n: index.search_words(workspace, texts[n], limit=DEPTH, documents=named),
        ),
        "meaning": await time_each(
            queries,
            lambda n: index.serving.search_meaning(
                workspace, vectors[n], limit=DEPTH, documents=named
            ),
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=100)
    options = parser.parse_args()
    told = asyncio.run(measure(options.passages, options.queries))
    print(json.dumps({"cores": os.cpu_count(), "load": os.getloadavg()[0], "runs": told}, indent=1))


if __name__ == "__main__":
    main()
