"""A server whose feeds may read one folder and one web site on loopback."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.support.feeds import Fed, open_fed


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def fed(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fed]:
    async with open_fed(tmp_path_factory.mktemp("feeds")) as fed:
        yield fed
