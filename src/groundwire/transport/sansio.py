"""uvicorn's WebSocket, which lets go of a client that takes nothing any more."""

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

CLOSE_GRACE_S = 5.0


class SocketProtocol(WebSocketsSansIOProtocol):
    """Closing waits until the peer has taken what is buffered for it: for ever, if it never does.

    So a connection that missed its pong, or was told to close some time ago, is cut.
    """

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.loop.call_later(CLOSE_GRACE_S, self.transport.abort)

    async def send(self, message: ASGISendEvent) -> None:
        if message["type"] == "websocket.close":
            self.loop.call_later(CLOSE_GRACE_S, self.transport.abort)
        await super().send(message)
