"""Where the WebSocket is, and how it is opened."""

import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.typing import Subprotocol

from groundwire_client._identity import Identity, as_subprotocol
from groundwire_client._line import OPEN_S, Dropped, kind_of
from groundwire_client._problems import as_error, is_ours
from groundwire_client._rest import Rest
from groundwire_client._wire import PROTOCOL, Auth, encode
from groundwire_client.errors import GroundwireError, Unauthorized, Unreachable

CLOSE_S = 2.0
MAX_BYTES = 64 * 1024 * 1024
"""A snapshot is one frame."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the socket is, and how to show there who asks."""

    base_url: str
    identity: Identity
    rest: Rest
    device_id: str | None = None
    tls: ssl.SSLContext | None = None

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[ClientConnection]:
        """Open a socket and say who asks. Raises ``Dropped``."""
        try:
            async with connect(**await self._how()) as socket:
                await self._introduce(socket)
                yield socket
        except InvalidStatus as error:
            response = error.response
            body = bytes(response.body)
            raise _denied(as_error(response.status_code, response.headers, body)) from None
        except ConnectionClosed:
            raise
        except (OSError, WebSocketException) as error:
            unreachable = Unreachable(f"The server cannot be reached: {error}.")
            raise Dropped(unreachable, "again" if _is_nobody(error) else "lost") from error

    async def _how(self) -> dict[str, Any]:
        token = await self.identity.token()
        query = {} if self.device_id is None else {"deviceId": self.device_id}
        # Who offers the protocol without a token promises one in its first frame.
        offered = [PROTOCOL] if token is not None else []
        headers: dict[str, str] = {}
        match self.identity.way:
            case "ticket":
                query["ticket"] = await self._ticket()
            case "query" if token is not None:
                query["token"] = token
            case "subprotocol" if token is not None:
                offered.append(as_subprotocol(token))
            case "header" if token is not None:
                headers["Authorization"] = f"Bearer {token}"
            case _:
                pass
        url = self._url(query)
        tls = {"ssl": self.tls} if self.tls is not None and url.startswith("wss:") else {}
        return {
            **tls,
            "uri": url,
            "additional_headers": headers,
            "subprotocols": [Subprotocol(name) for name in offered] or None,
            "open_timeout": OPEN_S,
            "close_timeout": CLOSE_S,
            "ping_interval": None,
            "max_size": MAX_BYTES,
        }

    async def _ticket(self) -> str:
        try:
            return await self.rest.ticket()
        except Unauthorized as error:
            # A fresh token was shown already: see `Bearer`.
            raise Dropped(error, "final") from None

    def _url(self, query: dict[str, str]) -> str:
        scheme, netloc, path, _, _ = urlsplit(self.base_url)
        path = path.rstrip("/") + "/api/v1/chat/stream"
        return urlunsplit(
            ("wss" if scheme == "https" else "ws", netloc, path, urlencode(query), "")
        )

    async def _introduce(self, socket: ClientConnection) -> None:
        token = await self.identity.token()
        if self.identity.way == "frame" and token is not None:
            await socket.send(encode(Auth(id="auth", token=token)).decode())


def _denied(error: GroundwireError) -> Dropped:
    """Return what became of a handshake that was answered by ``error``."""
    if not is_ours(error):
        return Dropped(error)
    kind = kind_of(error)
    return Dropped(error, "final" if kind == "access" else kind)


def _is_nobody(error: Exception) -> bool:
    """Whether there was no connection at all, so that no other transport would fare better."""
    return isinstance(error, OSError) and not isinstance(error, TimeoutError)
