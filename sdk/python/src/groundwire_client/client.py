"""A server, its resources, and the one connection that all conversations share."""

import ssl
from collections.abc import Sequence
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit
from uuid import uuid4

import httpx

from groundwire_client._address import Address
from groundwire_client._connection import Connection
from groundwire_client._identity import Bearer, Identity, Token, Way
from groundwire_client._ladder import CLIMB_S, Ladder, TransportName
from groundwire_client._line import Observer
from groundwire_client._rest import Rest
from groundwire_client._transports import Transports
from groundwire_client.conversation import Conversation
from groundwire_client.workspace import Workspace

ALL: tuple[TransportName, ...] = ("websocket", "sse", "poll")
TIMEOUT = httpx.Timeout(10.0, read=30.0)


def connect(
    url: str = "http://127.0.0.1:3001",
    *,
    token: Token | None = None,
    identity: Way = "header",
    device_id: str | None = None,
    transports: Sequence[TransportName] = ALL,
    timeout_s: float | None = 60.0,
    better_after_s: float = CLIMB_S,
    verify: ssl.SSLContext | bool = True,
    observe: Observer | None = None,
) -> "Groundwire":
    """Return a client of the server at ``url``, to be used in ``async with``.

    Nothing is opened before something is followed or asked; from then on the client
    reconnects by itself until it is closed.

    Args:
        url: Where the server is, with ``http`` or ``https``; a path before its own is kept.
        token: A JWT or an API key, or a callable (it may be asynchronous) that returns a fresh
            one; it is called again when the token is about to expire or was refused. None is
            needed on the machine of a server for a single user.
        identity: How the WebSocket shows the token; requests use the header.
        device_id: A name of this device: when it connects again, its older connection ends.
        transports: What may be used, the best first. After two quick failures the next is
            taken, and a better one again once it is found to work.
        timeout_s: How long a command may wait for the server to take it; ``None`` for ever.
        better_after_s: When a better transport is looked for first; then at growing intervals.
        verify: Whether, or by which context, certificates are checked.
        observe: Called with all that the server says about conversations, as it came.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise ValueError(f"{url!r} is no address of a server: begin it with http:// or https://.")
    if not transports:
        raise ValueError("Name at least one transport.")
    tls = _context(verify=verify) if url.startswith("https:") else None
    ladder = Ladder(transports, better_after_s)
    ways = _ways(url, Identity(token, identity), tls, device_id)
    return Groundwire(ways.rest, Connection(ways, ladder, observe), ways.http, timeout_s=timeout_s)


def _ways(
    url: str, identity: Identity, tls: ssl.SSLContext | None, device_id: str | None
) -> Transports:
    http = httpx.AsyncClient(
        base_url=f"{url.rstrip('/')}/api/v1",
        auth=Bearer(identity),
        verify=tls or True,
        timeout=TIMEOUT,
        # A stream of events for each conversation, and each of them stays open.
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=20),
    )
    rest = Rest(http)
    address = Address(url, identity, rest, device_id, tls)
    return Transports(address, http, identity, rest, device_id or uuid4().hex)


class Groundwire:
    """A client of one server, made by ``connect``.

    ``rest`` has the resources; ``connection`` says how the connection stands.
    """

    def __init__(
        self,
        rest: Rest,
        connection: Connection,
        http: httpx.AsyncClient,
        *,
        timeout_s: float | None,
    ) -> None:
        self.rest = rest
        self.connection = connection
        self._http = http
        self._timeout_s = timeout_s
        self._conversations: dict[str, Conversation] = {}
        self._workspaces: dict[str, Workspace] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End the connection and all that it follows. Answers go on at the server."""
        for workspace in self._workspaces.values():
            await workspace.aclose()
        await self.connection.aclose()
        await self._http.aclose()

    def conversation(self, id: str) -> Conversation:
        """Follow a conversation from now on; the same one as long as it is open.

        An ``id`` that you make up begins a conversation of yours under that name.
        """
        known = self._conversations.get(id)
        if known is None or known.is_closed:
            known = Conversation(id, self.connection, self.rest, timeout_s=self._timeout_s)
            self._conversations[id] = known
        return known

    async def create_conversation(self, workspace_id: str | None = None) -> Conversation:
        """Begin a conversation, without a workspace in the default one, and follow it."""
        return self.conversation((await self.rest.create_conversation(workspace_id)).id)

    def workspace(self, id: str) -> Workspace:
        """Follow a workspace's documents from now on; the same one as long as it is open."""
        known = self._workspaces.get(id)
        if known is None or known.is_closed:
            known = self._workspaces[id] = Workspace(id, self.connection, self.rest)
        return known


def _context(*, verify: ssl.SSLContext | bool) -> ssl.SSLContext:
    """Return one context for the requests and the socket, so that both trust the same."""
    if isinstance(verify, ssl.SSLContext):
        return verify
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
