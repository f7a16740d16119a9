"""What the contracts of the parsers share."""

from collections.abc import AsyncIterator

import pytest_asyncio

from groundwire.adapters.parsers.pool import ParserPool


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def parser() -> AsyncIterator[ParserPool]:
    parser = ParserPool(size=1)
    yield parser
    await parser.close()
