"""uvicorn's protocols, with their `Wire` in the scope's state for those who send."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from groundwire.transport.wire import Wire

HANDSHAKE_S = 10.0
"""How long the head of the first request of a connection may take."""


class _Wired(asyncio.Protocol):
    transport: asyncio.Transport
    app_state: dict[str, Any]
    wire: Wire

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.wire = Wire(self.transport, self)
        self.app_state = {**self.app_state, "wire": self.wire}

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.wire.lose()

    def pause_writing(self) -> None:
        if not self.wire.is_let_go:
            super().pause_writing()
            self.wire.pause()

    def resume_writing(self) -> None:
        super().resume_writing()
        self.wire.resume()


class HttpProtocol(_Wired, HttpToolsProtocol):
    """Lets go of a client whose request does not end: it would hold its place for ever."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._hurry = self.loop.call_later(HANDSHAKE_S, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        self._hurry.cancel()
        super().connection_lost(exc)

    def on_headers_complete(self) -> None:
        self._hurry.cancel()
        super().on_headers_complete()


class SocketProtocol(_Wired, WebSocketsSansIOProtocol):
    async def send(self, message: Any) -> None:
        """Send it; a refusal that is whole answers the handshake, too, and is logged by nobody."""
        if self.transport.is_closing() and not self.handshake_complete:
            # It ended by a stop of the server, or by what the client sent too early.
            raise ClientDisconnected
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body"):
            self.handshake_complete = True

    def handle_parser_exception(self) -> None:
        """Cut a client that sent what is no frame; before the handshake no frame can say so."""
        if self.conn.close_sent is None:
            self.transport.close()
        else:
            super().handle_parser_exception()

    def keepalive_timeout(self) -> None:
        """Cut a client that missed its pong: it will not take the close frame either."""
        super().keepalive_timeout()
        self.wire.let_go()
