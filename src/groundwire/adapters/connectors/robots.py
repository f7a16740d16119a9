"""What a site allows robots, by its ``robots.txt`` (RFC 9309)."""

import asyncio
from dataclasses import dataclass, field

from protego import Protego
from yarl import URL

from groundwire.adapters.connectors.answers import explained
from groundwire.adapters.network.web import Web
from groundwire.model.errors import FeedFailed

AGENT = "groundwire"
MOST_BYTES = 512_000
MOST_REDIRECTS = 5
# A site that wishes more time between two requests than this is asked too much of us.
MOST_DELAY_S = 10.0


@dataclass(slots=True)
class Robots:
    """What a host says is asked for once; its pages come ``delay_s`` apart, or as it wishes.

    One that ``wishes_time`` between requests is not to be asked two things at once either.
    """

    web: Web
    delay_s: float
    _rules: dict[URL, Protego] = field(default_factory=dict[URL, Protego])
    wishes_time: bool = False
    _next_at: float = 0.0
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def wait(self, url: URL) -> None:
        """Return once ``url`` may be asked for. Raises ``FeedFailed`` if it may not."""
        rules = await self._of(url)
        if not rules.can_fetch(str(url), AGENT):
            raise FeedFailed("not_allowed", f"The robots.txt of {url.host} keeps this to itself.")
        loop = asyncio.get_running_loop()
        wish = rules.crawl_delay(AGENT) or 0.0
        self.wishes_time = wish > 0
        turn = max(self._next_at, loop.time())
        self._next_at = turn + max(self.delay_s, min(wish, MOST_DELAY_S))
        await asyncio.sleep(turn - loop.time())

    async def _of(self, url: URL) -> Protego:
        origin = url.origin()
        async with self._asking:
            if origin not in self._rules:
                self._rules[origin] = await self._read(origin.with_path("/robots.txt"))
        return self._rules[origin]

    async def _read(self, url: URL) -> Protego:
        with explained():
            answer = await self.web.ask(url)
            for _ in range(MOST_REDIRECTS):
                if answer.leads_to is not None:
                    answer = await self.web.ask(answer.leads_to)
        if answer.status == 429 or answer.status >= 500:
            # Until it says what it allows, it allows nothing.
            raise FeedFailed(
                "unreachable", f"{url.host} does not say now what it allows robots.", passes=True
            )
        text = answer.page.content[:MOST_BYTES].decode("utf-8", "replace") if answer.page else ""
        return Protego.parse(text)
