"""A parser for the tests of a module, and two sites for each."""

from collections.abc import AsyncGenerator

import pytest_asyncio

from groundwire.adapters.parsers.pool import ParserPool
from tests.support.site import Site, open_site


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def parser() -> AsyncGenerator[ParserPool]:
    parser = ParserPool(size=1)
    yield parser
    await parser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def site() -> AsyncGenerator[Site]:
    async with open_site() as site:
        yield site


@pytest_asyncio.fixture(loop_scope="module")
async def inner() -> AsyncGenerator[Site]:
    """A site that nobody allowed."""
    async with open_site() as site:
        yield site
