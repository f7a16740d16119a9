"""A web site on loopback that shows, leads on, floods, drips and lies as it is told to."""

import asyncio
import gzip
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from ssl import SSLContext

from aiohttp import web

from tests.support.loopback import serve_app

PAGE = """<!doctype html><html><head><title>The  lighthouse
</title></head><body><nav>Home</nav>
<h1>Its lamp</h1><p>The lamp is lit at dusk.</p></body></html>"""


class Site:
    """``shows`` has for a path what is answered there; ``asked`` is what was asked for.

    What ``turns`` has for a path is answered before that, one after the other. What ``holds`` has
    an event for is answered once that is set. ``most_at_once`` is how many
    requests there were at a time.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.heads: list[dict[str, str]] = []
        self.shows: dict[str, web.Response] = {}
        self.turns: dict[str, list[web.Response]] = {}
        self.holds: dict[str, asyncio.Event] = {}
        self.under_way = self.most_at_once = 0
        self.url = ""
        self.port = 0

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    def show(
        self,
        path: str,
        body: bytes | str,
        media_type: str = "text/html",
        headers: dict[str, str] | None = None,
        status: int = 200,
    ) -> str:
        """Answer with this at ``path``; return its address."""
        content = body.encode() if isinstance(body, str) else body
        self.shows[path] = web.Response(
            body=content, status=status, headers={"Content-Type": media_type} | (headers or {})
        )
        return self.url + path

    def lead_on(self, path: str, location: str | None, status: int = 302) -> str:
        """Redirect from ``path`` to ``location``; return the address of the first."""
        headers = {} if location is None else {"Location": location}
        return self.show(path, "", headers=headers, status=status)

    def zip(self, path: str, content: bytes, media_type: str = "text/html") -> str:
        return self.show(path, gzip.compress(content), media_type, {"Content-Encoding": "gzip"})

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.under_way += 1
        self.most_at_once = max(self.most_at_once, self.under_way)
        try:
            return await self._answer(request)
        finally:
            self.under_way -= 1

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path_qs)
        if held := self.holds.get(request.path):
            await held.wait()
        self.heads.append(dict(request.headers))
        if request.path in ("/flood", "/drip"):
            return await self._pour(request)
        turns = self.turns.get(request.path)
        shown = turns.pop(0) if turns else self.shows.get(request.path)
        if shown is None:
            return web.Response(status=404)
        if "ETag" in shown.headers and shown.headers["ETag"] == request.headers.get(
            "If-None-Match"
        ):
            return web.Response(status=304)
        return web.Response(body=shown.body, status=shown.status, headers=shown.headers)

    async def _pour(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        piece = b"water " * (10_000 if request.path == "/flood" else 1)
        with suppress(ConnectionError):
            while True:
                await response.write(piece)
                await asyncio.sleep(0 if request.path == "/flood" else 0.02)
        return response


@asynccontextmanager
async def open_site(ssl: SSLContext | None = None) -> AsyncGenerator[Site]:
    site = Site()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", site.answer)
    async with serve_app(app, ssl=ssl, sees_leaving=True) as site.url:
        site.port = int(site.url.rpartition(":")[2])
        site.show("/page", PAGE)
        yield site
