"""The way out to the web: one page at a time, and never into a network that is somebody's own."""

import asyncio
import io
import re
import socket
import zlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import BinaryIO

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from groundwire.adapters.network.addresses import is_public, read_literal
from groundwire.model.errors import ToolUnusable

MAX_URL_CHARACTERS = 2048

LookUp = Callable[[str, int], Awaitable[Sequence[str]]]
"""A host and a port to its addresses; raises ``OSError`` for a host that there is not."""

# What a server may say of a text; Python knows other codecs, which are no encodings of texts.
_CHARSET = re.compile(
    r"iso-8859-\d{1,2}|windows-12\d\d|gb2312|gbk|gb18030|big5|shift_jis|euc-jp|euc-kr|koi8-[ru]",
    re.IGNORECASE,
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HOST_NAME = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?", re.IGNORECASE)
# `http://[]@` makes yarl raise the second.
_UNREADABLE = (ValueError, IndexError)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_GZIP = 31
_HEADERS = {
    "User-Agent": "groundwire",
    "Accept": "text/html, text/markdown, text/plain, application/json, application/pdf",
    "Accept-Encoding": "gzip",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What one page may cost, with all its redirects."""

    wall_s: float = 20.0
    page_bytes: int = 2_000_000
    redirects: int = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """What came; ``url`` is where it was at last."""

    url: str
    media_type: str
    charset: str | None
    content: bytes

    def in_utf8(self) -> bytes:
        """Return the content, in UTF-8 if the server names another encoding of texts for it."""
        if self.charset and _CHARSET.fullmatch(self.charset):
            return self.content.decode(self.charset, "replace").encode()
        return self.content


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a server said to one request. ``leads_to`` is where a redirect leads.

    ``page`` is there if the status is 200, and its content is empty if it went elsewhere.
    """

    url: URL
    status: int
    headers: Mapping[str, str]
    page: Page | None = None
    leads_to: URL | None = None


class NotPublic(ToolUnusable):
    """The host is in a network that is somebody's own, and not allowed."""


class PageTooLarge(ToolUnusable):
    pass


async def look_up(host: str, port: int) -> Sequence[str]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def read_url(text: str) -> URL:
    """Return the address of a page as it will be asked for. Raises ``ToolUnusable``."""
    text = text.strip()
    if len(text) > MAX_URL_CHARACTERS or _CONTROL.search(text):
        raise ToolUnusable(
            "The address is too long, or has control characters in it. Give a plain one."
        )
    try:
        url = URL(text).with_fragment(None)
    except _UNREADABLE as error:
        raise ToolUnusable(
            "This is not the address of a page. Give one like https://example.org/page."
        ) from error
    host = url.raw_host
    if url.scheme not in ("http", "https") or not host:
        raise ToolUnusable(
            "Only addresses that begin with https:// or http:// can be fetched. Give such one."
        )
    if url.raw_user is not None or url.raw_password is not None:
        raise ToolUnusable(
            "An address with a name or a password in it is not fetched. Leave them out."
        )
    literal = read_literal(host)
    if literal is None and not _HOST_NAME.fullmatch(host):
        raise ToolUnusable(
            "The host in this address is none that there can be. Correct the address."
        )
    # In its plain notation the address that is checked is the one that is connected to.
    return url if literal is None else url.with_host(str(literal))


class Web:
    """Fetches pages of the public internet, and of the hosts that are ``allowed``.

    Those are hosts, or ``host:port``. Of each host, also after a redirect, the addresses are
    looked up once, all of them are checked, and the connection goes to one of these.
    """

    def __init__(
        self,
        *,
        allowed: Iterable[str] = (),
        look_up: LookUp = look_up,
        limits: Limits | None = None,
    ) -> None:
        places = [URL(f"http://{place}") for place in allowed]
        self._allowed = {(_host(place), place.explicit_port) for place in places}
        self._look_up = look_up
        self._limits = limits or Limits()

    async def fetch(self, text: str, *, check: Callable[[str], object]) -> Page:
        """Return the page at an address, in bounded time.

        ``check`` gets the media type before the page is read, and may refuse it. Raises
        ``ToolUnusable``.
        """
        url = read_url(text)
        async with self._in_time(url):
            for _ in range(self._limits.redirects + 1):
                answer = await self._ask(url, _Request(check=check))
                if answer.leads_to is None:
                    return _require_page(answer)
                url = answer.leads_to
        raise ToolUnusable(
            f"This address leads on more than {self._limits.redirects} times. Fetch another."
        )

    async def ask(
        self,
        url: URL,
        *,
        check: Callable[[str], object] = str,
        headers: Mapping[str, str] | None = None,
        post: bytes | None = None,
        into: BinaryIO | None = None,
    ) -> Answer:
        """Return what the server says to one request, whatever it says, in bounded time.

        ``post`` makes it a POST with this body. A page goes ``into`` a file, if one is given. No
        redirect is followed. Raises ``ToolUnusable``.
        """
        async with self._in_time(url):
            return await self._ask(url, _Request(check, headers or {}, post, into))

    @asynccontextmanager
    async def _in_time(self, url: URL) -> AsyncGenerator[None]:
        try:
            async with asyncio.timeout(self._limits.wall_s):
                yield
        except TimeoutError as error:
            raise ToolUnusable(
                f"{_host(url)} took longer than {self._limits.wall_s:g} seconds. "
                "Try again later, or fetch another page."
            ) from error

    async def _ask(self, url: URL, request: "_Request") -> Answer:
        async with self._opened(url, request) as response:
            status, headers = response.status, response.headers
            if status in _REDIRECTS:
                leads_to = _redirected(url, response)
                return Answer(url=url, status=status, headers=headers, leads_to=leads_to)
            if status != 200:
                return Answer(url=url, status=status, headers=headers)
            media_type, charset = response.content_type.lower(), response.charset
            request.check(media_type)
            content = await self._content(url, response, request.into)
            page = Page(url=str(url), media_type=media_type, charset=charset, content=content)
            return Answer(url=url, status=status, headers=headers, page=page)

    @asynccontextmanager
    async def _opened(
        self, url: URL, request: "_Request"
    ) -> AsyncGenerator[aiohttp.ClientResponse]:
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=_Checked(await self._addresses(url)), use_dns_cache=False, force_close=True
            ),
            # No proxy and no password file of this machine's.
            trust_env=False,
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None),
            headers={**_HEADERS, **request.headers},
        )
        method = "GET" if request.post is None else "POST"
        try:
            async with (
                session,
                session.request(method, url, data=request.post, allow_redirects=False) as response,
            ):
                try:
                    yield response
                finally:
                    # An unread rest is not waited for.
                    response.close()
        except aiohttp.ClientSSLError as error:
            raise ToolUnusable(
                f"{_host(url)} offers no secure connection that can be trusted. Fetch another page."
            ) from error
        except (aiohttp.ClientError, OSError, zlib.error) as error:
            raise ToolUnusable(
                f"{_host(url)} cannot be reached, or broke off. Check the address, or try later."
            ) from error

    async def _addresses(self, url: URL) -> Sequence[str]:
        """Return where the host is, once it is sure that one may go there."""
        host = _host(url)
        literal = read_literal(host)
        try:
            found = [str(literal)] if literal else await self._look_up(host, url.port or 0)
        except (OSError, ValueError):
            found = ()
        if not found:
            raise ToolUnusable(f"There is no host {host}. Check the address.")
        is_allowed = not self._allowed.isdisjoint({(host, None), (host, url.port)})
        if not is_allowed and not all(is_public(ip_address(address)) for address in found):
            raise NotPublic(
                f"{host} is not on the public internet, so nothing is fetched from there. Fetch "
                "another page, or have it allowed by the setting GROUNDWIRE_FETCH_ALLOWED."
            )
        return found

    async def _content(
        self, url: URL, response: aiohttp.ClientResponse, into: BinaryIO | None
    ) -> bytes:
        most = self._limits.page_bytes
        encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in ("identity", "gzip", "x-gzip"):
            raise ToolUnusable(
                f"{_host(url)} sends the page in a form that was not asked for. Fetch another."
            )
        unpacker = None if encoding == "identity" else zlib.decompressobj(_GZIP)
        content = io.BytesIO() if into is None else into
        received = unpacked = 0
        async for data in response.content.iter_any():
            received += len(data)
            # One byte above the limit tells, and no more than that is ever unpacked.
            piece = unpacker.decompress(data, most + 1 - unpacked) if unpacker else data
            unpacked += len(piece)
            if max(received, unpacked, response.content_length or 0) > most:
                raise PageTooLarge(f"This page is larger than {most:,} bytes. Fetch a smaller one.")
            content.write(piece)
        if unpacker and not unpacker.eof:
            raise ToolUnusable(
                f"{_host(url)} broke off in the middle of the page. Try again later."
            )
        return content.getvalue() if isinstance(content, io.BytesIO) else b""


@dataclass(frozen=True, slots=True)
class _Request:
    check: Callable[[str], object]
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    post: bytes | None = None
    into: BinaryIO | None = None


class _Checked(AbstractResolver):
    """Knows the addresses of one host, which were checked, and no others."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        del family  # whichever the host has
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._addresses
        ]

    async def close(self) -> None:
        """Nothing is held."""


def _host(url: URL) -> str:
    host = url.raw_host or ""
    return str(read_literal(host) or host.removesuffix(".").lower())


def _redirected(url: URL, response: aiohttp.ClientResponse) -> URL:
    try:
        return read_url(str(url.join(URL(response.headers["Location"]))))
    except (KeyError, ToolUnusable, *_UNREADABLE) as error:
        raise ToolUnusable(
            f"{_host(url)} leads on to an address that is not fetched. Fetch another page."
        ) from error


def _require_page(answer: Answer) -> Page:
    if answer.page is None:
        raise ToolUnusable(f"{_host(answer.url)} {_complaint(answer.status)}")
    return answer.page


def _complaint(status: int) -> str:
    if status in (401, 403):
        return "does not show this page to everybody. Fetch another."
    if status in (404, 410):
        return "has no such page. Check the address, or fetch another."
    if status == 429 or status >= 500:
        return "cannot show this page now. Try again later, or fetch another."
    return f"answered with status {status} and no page. Fetch another."
