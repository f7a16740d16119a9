"""The ASGI application: every door of the house on one page."""

import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from groundwire.model.errors import Forbidden, GroundwireError, InvalidField, NotFound
from groundwire.transport.accounts import Accounts
from groundwire.transport.bodies import answer
from groundwire.transport.feeds import FeedDoors
from groundwire.transport.hub import Hub
from groundwire.transport.origins import Origins
from groundwire.transport.poll import Polls
from groundwire.transport.posts import Posts
from groundwire.transport.problems import as_response, hung_up, known, unknown
from groundwire.transport.rest import Resources
from groundwire.transport.sorting import SortingDoors
from groundwire.transport.spec.doors import specification
from groundwire.transport.sse import Streams
from groundwire.transport.websocket import Sockets

# The brief's paths, and the one that is ours.
SOCKET_PATHS = ("/api/v1/chat/stream", "/ws/chat", "/ws/conversation", "/socket")
CONTENT_SECURITY = (
    "default-src 'self'; img-src 'self' data: blob:; "
    "object-src 'self'; frame-src 'self'; frame-ancestors 'self'; base-uri 'none'; "
    "form-action 'self'"
)


@dataclass(frozen=True, slots=True)
class Doors:
    accounts: Accounts
    resources: Resources
    feeds: FeedDoors
    sorting: SortingDoors
    streams: Streams
    polls: Polls
    posts: Posts
    sockets: Sockets
    hub: Hub
    origins: Origins
    page: Path

    def app(self) -> ASGIApp:
        app = Starlette(
            routes=self._routes(),
            lifespan=self._lifespan,
            exception_handlers={
                GroundwireError: known,
                ClientDisconnect: hung_up,
                400: _malformed,
                404: _missing,
                Exception: unknown,
            },
        )
        return Guard(app, self.origins)

    def _routes(self) -> list[BaseRoute]:
        api = [
            *self.accounts.routes(),
            *self.resources.routes(),
            *self.feeds.routes(),
            *self.sorting.routes(),
            *self.streams.routes(),
            *self.polls.routes(),
            *self.posts.routes(),
        ]
        routes: list[BaseRoute] = [
            Route("/healthz", _alive),
            Route("/readyz", _alive),
            *specification().routes(),
            *(WebSocketRoute(path, self.sockets.endpoint) for path in SOCKET_PATHS),
            Mount("/api/v1", routes=api),
        ]
        if (self.page / "index.html").exists():
            routes += [
                Mount("/assets", StaticFiles(directory=self.page / "assets")),
                Route("/{path:path}", self._index),
            ]
        else:
            routes.append(Route("/", _no_page))
        return routes

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncGenerator[None]:
        async with self.hub.running():
            yield

    async def _index(self, request: Request) -> Response:
        """Return the page; or a file beside it, such as an icon."""
        name = request.path_params["path"]
        file = self.page / name
        if name and "/" not in name and file.is_file():
            return FileResponse(file)
        if name.startswith("api/"):
            return as_response(NotFound("resource"))
        return FileResponse(self.page / "index.html", headers={"cache-control": "no-cache"})


@dataclass(frozen=True, slots=True)
class Guard:
    """Refuses foreign hosts and origins, and adds the headers that every answer has."""

    app: ASGIApp
    origins: Origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host, origin = headers.get("host"), headers.get("origin")
        if not self.origins.knows_host(host) or not self.origins.knows_origin(origin, host):
            await as_response(Forbidden("This page may not use this server."))(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name for name, _ in message["headers"]}
                ours = (each for each in _headers(scope["path"]) if each[0] not in given)
                message["headers"] = [*message["headers"], *ours]
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _headers(path: str) -> list[tuple[bytes, bytes]]:
    headers = [
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        (b"content-security-policy", CONTENT_SECURITY.encode()),
    ]
    if path.startswith("/assets/"):
        # Their names hold a hash of what is in them.
        headers.append((b"cache-control", b"public, max-age=31536000, immutable"))
    return headers


async def _alive(_: Request) -> Response:
    return answer({"status": "ok"})


async def _malformed(_: Request, error: Exception) -> Response:
    """Answer a form that Starlette could not read."""
    why = getattr(error, "detail", "")
    return as_response(InvalidField("body", f"This form cannot be read: {why}"))


async def _missing(_: Request, __: Exception) -> Response:
    return as_response(NotFound("resource"))


async def _no_page(_: Request) -> Response:
    return Response(
        "The page is not built. Run `make web`; the API and the WebSocket work without it.\n",
        media_type="text/plain",
    )
