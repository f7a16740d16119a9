"""One server for the tests of a module, and a library for each test that searches one."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.library import Library
from tests.support.server import Served, serve


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def module_served(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Served]:
    async with serve(tmp_path_factory.mktemp("data")) as served:
        yield served


@pytest_asyncio.fixture(loop_scope="module")
async def served(module_served: Served) -> AsyncGenerator[Served]:
    """The module's server: no turn that a test asked for and left takes the next one's script."""
    yield module_served
    await module_served.settle()


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    library = Library(tmp_path)
    asyncio.run(library.open())
    yield library
    library.close()
