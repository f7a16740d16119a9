"""How a WebSocket says things: in JSON, or the text of answers alone."""

from dataclasses import dataclass, field

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from groundwire.model.events import Recorded
from groundwire.transport.frames import Error, ServerFrame, encode
from groundwire.transport.outlet import HungUp
from groundwire.transport.spoken import Spoken


@dataclass(slots=True)
class JsonMouth:
    socket: WebSocket

    async def say(self, frame: ServerFrame) -> None:
        await self._send(encode(frame).decode())

    async def tell(self, recorded: Recorded) -> None:
        await self._send(recorded.data.decode())

    async def close(self, code: int, reason: str) -> None:
        if self.socket.application_state is WebSocketState.CONNECTING:
            return  # whoever answers the handshake refuses it, with a reason
        try:
            await self.socket.close(code, reason)
        except (WebSocketDisconnect, RuntimeError) as error:
            raise HungUp from error

    async def _send(self, text: str) -> None:
        try:
            await self.socket.send_text(text)
        except (WebSocketDisconnect, RuntimeError) as error:
            # The socket is gone, or another task closed it.
            raise HungUp from error


@dataclass(slots=True)
class TextMouth(JsonMouth):
    """For ``?format=text``."""

    _spoken: Spoken = field(default_factory=Spoken)

    async def say(self, frame: ServerFrame) -> None:
        if isinstance(frame, Error):
            await self._send(f"{frame.message}\n")

    async def tell(self, recorded: Recorded) -> None:
        if text := self._spoken.text(recorded.data):
            await self._send(text)
