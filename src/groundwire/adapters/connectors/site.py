"""Pages of the web: one, or a site, from link to link."""

from collections.abc import AsyncGenerator, Mapping

from groundwire.adapters.connectors.crawl import Crawl
from groundwire.adapters.connectors.links import plain
from groundwire.adapters.connectors.robots import Robots
from groundwire.adapters.network.web import Web, read_url
from groundwire.model.errors import InvalidField, ToolUnusable
from groundwire.model.feeds import Feed, FeedOptions
from groundwire.ports.connector import Found

DELAY_S = 0.25


class SiteConnector:
    """Reads what is at an address and, of a site, what it leads to on the same host.

    Requests begin ``delay_s`` apart, or as the site wishes.
    """

    def __init__(self, web: Web, *, delay_s: float = DELAY_S) -> None:
        self._web = web
        self._delay_s = delay_s

    def check(self, address: str, options: FeedOptions) -> str:
        del options
        try:
            return str(plain(read_url(address)))
        except ToolUnusable as error:
            raise InvalidField("address", error.message) from error

    async def visit(self, feed: Feed, marks: Mapping[str, str]) -> AsyncGenerator[Found, None]:
        options = feed.options
        if feed.kind == "page":
            options = FeedOptions(depth=0, pages=1)
        robots = Robots(self._web, self._delay_s)
        crawl = Crawl(self._web, robots, options, marks)
        async for found in crawl.run(read_url(feed.address)):
            yield found
