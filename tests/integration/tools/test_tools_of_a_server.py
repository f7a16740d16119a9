"""Which tools a server offers, and that they work where it keeps its files."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from groundwire.ports.tool import Tool
from groundwire.settings import TOOLS
from tests.support.server import Served, serve
from tests.support.site import Site

pytestmark = pytest.mark.asyncio(loop_scope="module")


def tools_of(served: Served) -> Mapping[str, Tool]:
    return served.groundwire.assistant.answers.maker.toolbox.tools


async def test_a_server_offers_no_tool_by_itself(tmp_path: Path) -> None:
    async with serve(tmp_path) as served:
        assert tools_of(served) == {}


async def test_every_tool_that_can_be_named_is_there(tmp_path: Path) -> None:
    async with serve(tmp_path, tools=TOOLS) as served:
        assert list(tools_of(served)) == list(TOOLS)


async def test_a_server_fetches_from_the_hosts_it_allows(tmp_path: Path, site: Site) -> None:
    async with serve(tmp_path, tools=("fetch_page",), fetch_allowed=(site.place,)) as served:
        output = await tools_of(served)["fetch_page"].use({"url": f"{site.url}/page"})

    assert "The lamp is lit at dusk." in output
    assert list((tmp_path / "tmp").glob("page-*")) == []
