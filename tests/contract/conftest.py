"""What the contracts of the parsers share, and those of the index."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from groundwire.adapters.embedded.index import SqliteIndex
from groundwire.adapters.parsers.pool import ParserPool
from groundwire.adapters.vectors.choose import open_store
from groundwire.adapters.vectors.memory import MemoryVectors
from groundwire.ports.vector_store import VectorStore
from tests.support.chroma import running_chroma
from tests.support.postgres import running_postgres

Open = Callable[[str], SqliteIndex]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def parser() -> AsyncIterator[ParserPool]:
    parser = ParserPool(size=1)
    yield parser
    await parser.close()


@pytest.fixture(scope="session")
def servers() -> Iterator[Callable[[str], str]]:
    """Return what starts a server, once for all tests, and gives its address."""
    started: dict[str, str] = {}
    starting = {"chroma server": running_chroma, "postgres": running_postgres}
    with ExitStack() as stack:

        def address_of(kind: str) -> str:
            if kind not in started:
                started[kind] = stack.enter_context(starting[kind]())
            return started[kind]

        yield address_of


@pytest.fixture(params=["sqlite", "memory", "chroma", "chroma server", "postgres"])
async def open_index(
    request: pytest.FixtureRequest, servers: Callable[[str], str], tmp_path: Path
) -> AsyncIterator[Open]:
    """Return what opens the index of a test, as the one of an embedder, ``NAME at ADDRESS``."""
    kind, own, memory = request.param, uuid4().hex, MemoryVectors()

    def open_vectors() -> VectorStore | None:
        match kind:
            case "sqlite":
                return None
            case "memory":
                return memory
            case _:
                place = kind if kind == "chroma" else servers(kind)
                return open_store(place, tmp_path / "vectors")

    async with AsyncExitStack() as stack:

        def open(embedder: str) -> SqliteIndex:
            # Stores are shared with the other tests: only the embedder's name keeps them apart.
            path, (name, _, address) = tmp_path / "index.db", embedder.partition(" at ")
            store = open_vectors()
            if store is not None:
                stack.push_async_callback(store.aclose)
            index = SqliteIndex(path, embedder=f"{name} of {own}", address=address, vectors=store)
            stack.callback(index.close)
            return index

        yield open
