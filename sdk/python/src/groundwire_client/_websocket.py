"""All logs and commands over one WebSocket."""

import asyncio
from contextlib import suppress

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from groundwire_client import errors
from groundwire_client._address import MAX_BYTES, Address
from groundwire_client._line import OPEN_S, Dropped, Line, kind_of, race
from groundwire_client._log import LogReader
from groundwire_client._state import Snapshot
from groundwire_client._wire import (
    PROTOCOL,
    Ack,
    Addressed,
    Attach,
    Auth,
    AuthExpiring,
    Command,
    Detach,
    Error,
    Frame,
    HistoryPage,
    Ping,
    Pong,
    Presence,
    Read,
    Ready,
    Reconnect,
    SteerRefused,
    Typing,
    Welcome,
    decode,
    encode,
)
from groundwire_client.errors import GroundwireError, TooLarge, Unreachable
from groundwire_client.events import Recorded

WAITING = 4096
"""How many frames may wait to be sent. A socket that takes none until they are that many is
given up; what was not acknowledged is sent again over the next one.
"""
_BY_CLOSE_CODE: dict[int, tuple[str, str]] = {
    1002: ("protocol_violation", "The server took our frames for no WebSocket's."),
    1003: ("invalid_field", "The server took a frame of ours for binary."),
    1007: ("bad_json", "The server took a frame of ours for broken text."),
    1008: ("invalid_field", "The server says that this is against its rules."),
    1009: ("too_large", "A frame is larger than this server takes. Send less at once."),
    1012: ("overloaded", "The server restarts."),
    1013: ("overloaded", "The server has no room now."),
    4400: ("bad_json", "The server could not read our frames."),
    4401: ("unauthorized", "Sign in, or send a valid token."),
    4403: ("forbidden", "You may not do this here."),
    4404: ("gone", "There is no such conversation any more."),
    4406: ("unsupported_version", f"This server does not speak {PROTOCOL}."),
    4408: ("idle", "Nothing was asked on this connection for a while."),
    4409: ("conflict", "This device has connected again elsewhere."),
    4429: ("rate_limited", "Too many commands or connections. Slow down."),
}


class WebSocketTransport:
    def __init__(self, address: Address, line: Line) -> None:
        self._address = address
        self._line = line
        self._outgoing: asyncio.Queue[bytes] = asyncio.Queue(WAITING)
        self._attached: dict[str, LogReader] = {}
        self._newest: dict[str, str] = {}
        self._attachments = 0
        self._expiring = asyncio.Event()
        self._is_renewing = False
        self._told: Error | None = None
        self._delay_s: float | None = None
        self._frame_bytes = MAX_BYTES
        self._socket: ClientConnection | None = None

    async def run(self) -> None:
        try:
            async with self._address.open() as socket:
                self._socket = socket
                welcome = await self._welcome(socket)
                self._frame_bytes = welcome.limits.get("frameBytes", MAX_BYTES)
                self._line.live()
                # The server says something at least that often; a silence of half as much
                # again means that nobody is there.
                silence_s = welcome.heartbeat_ms * 1.5 / 1000
                await race(self._read(socket, silence_s), self._write(socket), self._renew())
        except ConnectionClosed as closed:
            raise self._farewell(closed) from None

    async def probe(self) -> bool:
        """Return whether a server answers this way, and leave at once."""
        try:
            async with self._address.open() as socket:
                await self._welcome(socket)
        except (Dropped, ConnectionClosed, GroundwireError):
            return False
        return True

    def attach(self, reader: LogReader) -> None:
        self._attachments += 1
        ref = f"a{self._attachments}"
        self._attached.pop(self._newest.get(reader.key, ""), None)
        self._newest[reader.key] = ref
        self._attached[ref] = reader
        session, workspace = _addressed(reader)
        self.send(Attach(id=ref, session_id=session, workspace_id=workspace, cursor=reader.cursor))

    def detach(self, reader: LogReader) -> None:
        ref = self._newest.pop(reader.key, "")
        if self._attached.pop(ref, None) is not None:
            session, workspace = _addressed(reader)
            self.send(Detach(id=f"{ref}-", session_id=session, workspace_id=workspace))

    def send(self, command: Command) -> None:
        data = encode(command)
        if len(data) > self._frame_bytes:
            limit = f"This is larger than the {self._frame_bytes:,} bytes that the server takes."
            self._line.refused(command.id, TooLarge(limit))
            return
        try:
            self._outgoing.put_nowait(data)
        except asyncio.QueueFull:
            if self._socket is not None:
                self._socket.transport.abort()

    async def _welcome(self, socket: ClientConnection) -> Welcome:
        try:
            async with asyncio.timeout(OPEN_S):
                while True:
                    data = await socket.recv(decode=False)
                    self._line.received(data)
                    frame = decode(data).frame
                    self._told = frame if isinstance(frame, Error) else None
                    if isinstance(frame, Welcome):
                        return frame
        except TimeoutError:
            raise Dropped(Unreachable("The server took the connection and is silent.")) from None

    async def _read(self, socket: ClientConnection, silence_s: float) -> None:
        try:
            while True:
                async with asyncio.timeout(silence_s):
                    data = await socket.recv(decode=False)
                self._line.received(data)
                self._take(decode(data))
        except TimeoutError:
            socket.transport.abort()
            raise Dropped(Unreachable("The server fell silent.")) from None

    async def _write(self, socket: ClientConnection) -> None:
        while True:
            await socket.send(await self._outgoing.get(), text=True)

    async def _renew(self) -> None:
        """Show a fresh token whenever the old one is about to expire."""
        while True:
            await self._expiring.wait()
            self._expiring.clear()
            identity = self._address.identity
            # Without one the server ends the connection, and the next one asks again.
            with suppress(GroundwireError):
                token = await identity.refresh(stale=identity.current)
                if token is not None and identity.can_refresh:
                    self._is_renewing = True
                    self.send(Auth(id="auth", token=token))

    def _take(self, addressed: Addressed) -> None:
        frame = addressed.frame
        self._told = frame if isinstance(frame, Error) else None
        match frame:
            case Error():
                self._refuse(frame)
            case Ready():
                self._ready(frame)
            case Ack() | SteerRefused() | HistoryPage():
                self._answer(frame)
            case Snapshot() | Recorded() | Presence() | Typing() | Read():
                if (reader := self._find(addressed)) is not None:
                    reader.receive(frame)
            case _:
                self._mind(frame)
        self._line.heard(frame)

    def _answer(self, reply: Ack | SteerRefused | HistoryPage) -> None:
        if reply.ref == "auth":
            self._is_renewing = False
        else:
            self._line.answered(str(reply.ref), reply)

    def _mind(self, frame: Frame) -> None:
        """Take what is said of the connection itself."""
        match frame:
            case Ping() | Pong():
                self._expect(frame.head)
            case AuthExpiring():
                self._expiring.set()
            case Reconnect():
                self._delay_s = frame.delay_ms / 1000
            case _:
                pass

    def _ready(self, ready: Ready) -> None:
        # One that answers an earlier attachment of the same log says nothing about this one.
        reader = self._attached.get(str(ready.ref))
        if reader is not None:
            reader.receive(ready)

    def _find(self, addressed: Addressed) -> LogReader | None:
        key = (
            f"workspaceId/{addressed.workspace_id}"
            if addressed.session_id is None
            else f"sessionId/{addressed.session_id}"
        )
        return self._attached.get(self._newest.get(key, ""))

    def _expect(self, head: dict[str, int]) -> None:
        for reader in list(self._attached.values()):
            if (seq := head.get(reader.id)) is not None:
                reader.expect(seq)

    def _refuse(self, frame: Error) -> None:
        if frame.ref is None:
            return
        reader = self._attached.pop(str(frame.ref), None)
        if reader is not None:
            reader.refuse(frame.as_error())
        else:
            self._line.refused(str(frame.ref), frame.as_error())

    def _farewell(self, closed: ConnectionClosed) -> Dropped:
        code = 1006 if closed.rcvd is None else closed.rcvd.code
        if self._told is not None:
            error = self._told.as_error()
            kind = kind_of(error)
            if kind == "access" and self._told.ref is not None:
                # One command or attachment is to blame, and it has been told.
                kind = "again"
            elif kind == "access" and self._is_renewing:
                # The fresh token is somebody else's.
                kind = "final"
        elif code in _BY_CLOSE_CODE:
            error = errors.told(*_BY_CLOSE_CODE[code])
            kind = kind_of(error)
        else:
            error = Unreachable(f"The connection was lost ({code}).")
            kind = "lost" if self._delay_s is None else "again"
        return Dropped(error, kind, delay_s=self._delay_s)


def _addressed(reader: LogReader) -> tuple[str | None, str | None]:
    return (reader.id, None) if reader.field == "sessionId" else (None, reader.id)
