"""From page to page: what is next, what is unchanged, what leads on."""

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import msgspec
from yarl import URL

from groundwire.adapters.connectors.answers import complaint, explained
from groundwire.adapters.connectors.files import Takes, chooses
from groundwire.adapters.connectors.kinds import HTML, is_asset, suffix_of
from groundwire.adapters.connectors.links import Outline, plain, read_outline
from groundwire.adapters.connectors.robots import Robots
from groundwire.adapters.network.web import Answer, Page, Web
from groundwire.model.errors import FeedFailed
from groundwire.model.feeds import FeedOptions
from groundwire.ports.connector import Item, Missed

# A site whose every link is broken is left after so many pages in a row.
MOST_FAILURES = 20
# A site that leads in circles of ever new addresses is left after so many requests a page.
REQUESTS_PER_PAGE = 3
MOST_REDIRECTS = 5
# A slow page keeps so many others waiting, no more; they are asked for one after the other.
AT_ONCE = 4


class Mark(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of a page from its last visit: its validators, and where it led.

    ``digest`` tells that a page is the same where the server does not.
    """

    digest: str
    name: str
    etag: str | None = None
    modified: str | None = None
    links: tuple[str, ...] = ()
    is_indexed: bool = True


class _Next(NamedTuple):
    url: URL
    depth: int
    redirects: int = 0


@dataclass(slots=True)
class Crawl:
    """Goes from page to page, the nearest first, each once.

    ``marks`` are those of an earlier visit: what has one is asked for only if it has changed.
    """

    web: Web
    robots: Robots
    options: FeedOptions
    marks: Mapping[str, str]
    _seen: set[URL] = field(default_factory=set[URL])
    _frontier: deque[_Next] = field(default_factory=deque[_Next])
    _asked: deque[tuple[_Next, "asyncio.Future[Answer]"]] = field(
        default_factory=deque[tuple[_Next, "asyncio.Future[Answer]"]]
    )
    _requests: int = 0
    _home: URL | None = None
    _failures: int = 0
    _is_chosen: Takes = field(init=False)

    def __post_init__(self) -> None:
        self._is_chosen = chooses(self.options)

    async def run(self, start: URL) -> AsyncGenerator[Item | Missed, None]:
        self._push(_Next(plain(start), 0))
        left = self.options.pages
        try:
            while left and self._ask_on(left):
                found = await self._first_asked()
                if found is not None:
                    left -= isinstance(found, Item)
                    yield found
        finally:
            await self._leave()
        if self._home is None:
            raise FeedFailed("not_found", "This address leads in a circle.")

    def _ask_on(self, left: int) -> bool:
        """Ask for as much as may be under way, of ``left`` pages; return whether something is."""
        at_once = 1 if self.robots.wishes_time else min(AT_ONCE, left)
        most = REQUESTS_PER_PAGE * self.options.pages + MOST_REDIRECTS
        while self._frontier and len(self._asked) < at_once and self._requests < most:
            self._requests += 1
            next = self._frontier.popleft()
            self._asked.append((next, asyncio.ensure_future(self._look_at(next))))
        return bool(self._asked)

    async def _first_asked(self) -> Item | Missed | None:
        """Return what came of the longest request, so that pages come in the order of links."""
        next, answer = self._asked[0]
        await asyncio.wait((answer,))
        self._asked.popleft()
        try:
            found = self._read(next, answer.result())
        except FeedFailed as error:
            return self._missed(next, error)
        self._failures = 0
        return found

    async def _leave(self) -> None:
        """Give up what is under way."""
        asked = [answer for _, answer in self._asked]
        self._asked.clear()
        for answer in asked:
            answer.cancel()
        await asyncio.gather(*asked, return_exceptions=True)

    async def _look_at(self, next: _Next) -> Answer:
        url = next.url
        await self.robots.wait(url)
        with explained():
            return await self.web.ask(
                url, check=partial(suffix_of, url=url), headers=_conditions(self._known(url))
            )

    def _read(self, next: _Next, answer: Answer) -> Item | Missed | None:
        """Return the page, or nothing if it leads elsewhere."""
        url = next.url
        known = self._known(url)
        if answer.leads_to is not None:
            self._follow(next, plain(answer.leads_to))
            return None
        is_unchanged = answer.status == 304 and known is not None
        if answer.page is None and not is_unchanged:
            raise complaint(answer)
        if self._home is None:
            self._home = url
        if answer.page is None:
            assert known is not None
            self._lead_on(next, known)
            return Item(str(url), known.name, self.marks[str(url)], None)
        return self._read_page(next, answer, answer.page, known)

    def _read_page(
        self, next: _Next, answer: Answer, page: Page, known: Mark | None
    ) -> Item | Missed:
        content = page.in_utf8()
        mark = _mark(next.url, answer, page, content)
        self._lead_on(next, mark)
        # The page that a person named is wanted, whatever it says to those who come by links.
        if not mark.is_indexed and next.depth:
            return Missed(str(next.url), "not_allowed", "This page asks not to be found (noindex).")
        is_same = known is not None and known.digest == mark.digest
        text = msgspec.json.encode(mark).decode()
        return Item(str(next.url), mark.name, text, None if is_same else partial(_once, content))

    def _missed(self, next: _Next, error: FeedFailed) -> Missed | None:
        """Return what is not taken; the first page, or too many, end it all."""
        if self._home is None:
            raise error
        self._failures += error.passes
        if self._failures >= MOST_FAILURES:
            raise error
        known = self._known(next.url)
        if error.passes and known is not None:
            self._lead_on(next, known)
        if error.reason == "unknown_type":
            return None  # a picture, a film: nothing that anybody misses
        return Missed(str(next.url), error.reason, error.message, error.passes)

    def _follow(self, next: _Next, url: URL) -> None:
        """Go where a redirect leads: from the first page anywhere, from others on the host."""
        if next.redirects == MOST_REDIRECTS:
            raise FeedFailed("not_found", "This address leads on and on, and nowhere.")
        if self._home is None or self._is_wanted(url):
            self._push(_Next(url, next.depth, next.redirects + 1), first=True)

    def _lead_on(self, next: _Next, mark: Mark) -> None:
        if next.depth == self.options.depth:
            return
        for link in mark.links:
            url = next.url.join(URL(link, encoded=True))
            if self._is_wanted(url):
                self._push(_Next(url, next.depth + 1))

    def _is_wanted(self, url: URL) -> bool:
        home = self._home
        is_here = home is not None and (url.host, url.port) in {
            (home.host, home.port),
            # The same host, whether one comes by HTTP or by HTTPS.
            *({(home.host, 80), (home.host, 443)} if home.is_default_port() else ()),
        }
        return is_here and not is_asset(url) and self._is_chosen(url.path)

    def _push(self, next: _Next, *, first: bool = False) -> None:
        if next.url in self._seen:
            return
        self._seen.add(next.url)
        if first:
            self._frontier.appendleft(next)
        else:
            self._frontier.append(next)

    def _known(self, url: URL) -> Mark | None:
        text = self.marks.get(str(url))
        return None if text is None else msgspec.json.decode(text, type=Mark)


def _conditions(known: Mark | None) -> dict[str, str]:
    """Return the headers that ask for a page only if it has changed."""
    headers: dict[str, str] = {}
    if known is not None and known.etag:
        headers["If-None-Match"] = known.etag
    if known is not None and known.modified:
        headers["If-Modified-Since"] = known.modified
    return headers


def _mark(url: URL, answer: Answer, page: Page, content: bytes) -> Mark:
    suffix = suffix_of(page.media_type, url)
    outline = read_outline(content, url) if suffix == HTML else Outline("")
    return Mark(
        digest=hashlib.sha256(content).hexdigest(),
        name=_name(url, outline.title, suffix),
        etag=answer.headers.get("ETag"),
        modified=answer.headers.get("Last-Modified"),
        links=tuple(_from(url, link) for link in outline.links),
        is_indexed=outline.is_indexed,
    )


def _from(url: URL, link: URL) -> str:
    """Return the link, shorter if it stays on the host of ``url``."""
    return str(link.relative()) if link.origin() == url.origin() else str(link)


def _name(url: URL, title: str, suffix: str) -> str:
    """Return what the page is called, as the name of a file."""
    name = title or url.name or url.host or "page"
    name = name.replace("/", "∕").replace("\\", "∖").strip(". ") or "page"
    return name if name.lower().endswith(suffix) else name + suffix


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
