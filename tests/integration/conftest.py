"""One server for the tests of a module."""

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from tests.support.server import Served, serve


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Served]:
    async with serve(tmp_path_factory.mktemp("data")) as served:
        yield served
