"""The tool `fetch_page` as tests set it up, and what it refuses."""

from collections.abc import Sequence

import pytest

from groundwire.adapters.network.web import Limits, LookUp, Web
from groundwire.adapters.parsers.pool import ParserPool
from groundwire.adapters.tools.fetch_page import FetchPage
from groundwire.model.errors import ToolUnusable


def tool(parser: ParserPool, *allowed: str, wall_s: float = 20.0) -> FetchPage:
    return FetchPage(parser, Web(allowed=allowed, limits=Limits(wall_s=wall_s)))


def knowing(parser: ParserPool, names: dict[str, list[str]], *allowed: str) -> FetchPage:
    """Return a tool that looks the ``names`` up here; each look-up takes the next address."""
    return FetchPage(parser, Web(allowed=allowed, look_up=names_in(names)))


def names_in(names: dict[str, list[str]]) -> LookUp:
    async def look_up(host: str, port: int) -> Sequence[str]:
        return names[host].pop(0).split()

    return look_up


async def refusal(tool: FetchPage, url: object) -> str:
    with pytest.raises(ToolUnusable) as raised:
        await tool.use({"url": url})
    return raised.value.message
