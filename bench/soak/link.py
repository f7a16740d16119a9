"""The network between one person and the server: a TCP proxy that fails where it is told to."""

import asyncio
import socket
import struct
from collections import Counter, deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from bench.soak.plan import TRANSPORTS, Fault, Transport

READ_BYTES = 65_536
REMEMBERED = 24
RESET = struct.pack("ii", 1, 0)
"""Of SO_LINGER: what was not sent yet is dropped, and the other side gets RST instead of FIN."""
_REFUSAL = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_MARKS: dict[Transport, bytes] = {
    "websocket": b"Upgrade: websocket", "sse": b"/events", "poll": b"/poll?",
}  # fmt: skip

Side = Literal["client", "server"]


@dataclass(slots=True, eq=False)
class _Pipe:
    """One connection; while it is not ``flowing`` it is half-open."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    flowing: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_frozen(self) -> bool:
        return not self.flowing.is_set()

    def reset(self) -> None:
        for writer in (self.client, self.server):
            connection: socket.socket | None = writer.get_extra_info("socket")
            if connection is not None and connection.fileno() >= 0:
                with suppress(OSError):
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()

    def close(self) -> None:
        self.client.close()
        self.server.close()


@dataclass(slots=True)
class Link:
    """``target`` is the server's port. ``carried`` counts connections by their transport and
    ``switches`` how often one came by another transport than the last.
    """

    target: Callable[[], int]
    port: int = 0
    through: tuple[Transport, ...] = TRANSPORTS
    carried: Counter[Transport] = field(default_factory=Counter[Transport])
    switches: int = 0
    last: deque[bytes] = field(default_factory=lambda: deque[bytes](maxlen=REMEMBERED))
    _pipes: set[_Pipe] = field(default_factory=set[_Pipe])
    _fault: Fault | None = None
    _left: int = 0
    _struck: asyncio.Event = field(default_factory=asyncio.Event)
    _there: asyncio.Event = field(default_factory=asyncio.Event)
    _closed_until: float = 0.0
    _latest: Transport | None = None
    _tasks: "set[asyncio.Task[None]]" = field(default_factory=set["asyncio.Task[None]"])
    _server: asyncio.Server = field(init=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        self._server.close()
        for pipe in list(self._pipes):
            pipe.reset()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def suffer(self, fault: Fault) -> None:
        """Return once the fault has struck a connection."""
        self._fault, self._left = fault, fault.after_bytes
        self._struck.clear()
        while not self._struck.is_set():
            await self._there.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(fault.after_s):
                    await self._struck.wait()
                return
            self._strike()

    def _strike(self) -> None:
        fault, struck = self._fault, [pipe for pipe in self._pipes if not pipe.is_frozen]
        if fault is None or not struck:
            return
        self._fault = None
        self._struck.set()
        for pipe in struck:
            self._hurt(pipe, fault)
        if fault.kind == "outage":
            self._closed_until = asyncio.get_running_loop().time() + fault.lasts_s
        if fault.kind == "switch":
            self.through = fault.through
        self._look()

    def _hurt(self, pipe: _Pipe, fault: Fault) -> None:
        match fault.kind:
            case "close":
                pipe.close()
                self._pipes.discard(pipe)
            case "half_open":
                pipe.flowing.clear()
                self._spawn(self._thaw(pipe, fault))
            case _:
                pipe.reset()
                self._pipes.discard(pipe)

    async def _thaw(self, pipe: _Pipe, fault: Fault) -> None:
        await asyncio.sleep(fault.lasts_s)
        if not fault.thaws:
            pipe.reset()
        pipe.flowing.set()
        self._look()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if asyncio.get_running_loop().time() < self._closed_until:
                raise ConnectionRefusedError
            there, back = await asyncio.open_connection("127.0.0.1", self.target())
        except OSError:
            writer.transport.abort()
            return
        pipe = _Pipe(writer, back)
        pipe.flowing.set()
        self._pipes.add(pipe)
        self._look()
        self._spawn(self._pass_on(pipe, reader, back, "server"))
        self._spawn(self._pass_on(pipe, there, writer, "client"))

    async def _pass_on(
        self, pipe: _Pipe, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, to: Side
    ) -> None:
        try:
            while data := await reader.read(READ_BYTES):
                await pipe.flowing.wait()
                if to == "server" and self._refuses(data):
                    pipe.client.write(_REFUSAL)
                    break
                if to == "client":
                    self.last.append(data)
                if held_back := self._send(pipe, writer, to, data):
                    await pipe.flowing.wait()
                    writer.write(held_back)
                await writer.drain()
        except OSError:
            pipe.reset()
        finally:
            pipe.close()
            self._pipes.discard(pipe)
            self._look()

    def _send(self, pipe: _Pipe, writer: asyncio.StreamWriter, to: Side, data: bytes) -> bytes:
        """Send it, or as much of it as comes before the fault; return what is held back."""
        is_aimed_at = self._fault is not None and self._fault.towards == to
        if not is_aimed_at or len(data) < self._left:
            self._left -= len(data) if is_aimed_at else 0
            writer.write(data)
            return b""
        sent = self._left
        writer.write(data[:sent])
        self._strike()
        return data[sent:] if pipe.is_frozen else b""

    def _refuses(self, data: bytes) -> bool:
        """Whether this begins a request by a transport that does not get through; note others."""
        if b" HTTP/1.1\r\n" not in data:
            return False
        line = data.partition(b"\r\n")[0]
        for transport, mark in _MARKS.items():
            if mark in (data if transport == "websocket" else line):
                if transport not in self.through:
                    return True
                self.carried[transport] += 1
                self.switches += self._latest not in (None, transport)
                self._latest = transport
        return False

    def _look(self) -> None:
        if any(not pipe.is_frozen for pipe in self._pipes):
            self._there.set()
        else:
            self._there.clear()

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
