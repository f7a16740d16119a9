"""A TCP proxy between a client and a server, which breaks connections where it is told to."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Part = Callable[[bytearray], int]
"""Returns how many bytes at the start of a buffer are one whole unit, 0 if it is not whole."""

READ_BYTES = 65_536


def websocket_frame(data: bytearray) -> int:
    """One frame, or the answer to the handshake."""
    if data.startswith(b"HTTP/"):
        return data.find(b"\r\n\r\n") + 4 if b"\r\n\r\n" in data else 0
    if len(data) < 2:
        return 0
    length, head = data[1] & 0x7F, 2
    if length >= 126:
        head = 4 if length == 126 else 10
        length = int.from_bytes(data[2:head], "big")
    return head + length if len(data) >= head + length else 0


def chunk_of_stream(data: bytearray) -> int:
    """One chunk of a chunked body, or the head of a response."""
    if data.startswith(b"HTTP/"):
        return data.find(b"\r\n\r\n") + 4 if b"\r\n\r\n" in data else 0
    size, found, _ = bytes(data).partition(b"\r\n")
    whole = len(size) + 2 + int(size or b"0", 16) + 2
    return whole if found and len(data) >= whole else 0


def response(data: bytearray) -> int:
    """One whole response with its length in its head."""
    head, found, _ = bytes(data).partition(b"\r\n\r\n")
    if not found:
        return 0
    lengths = [
        int(line.split(b":")[1])
        for line in head.lower().split(b"\r\n")
        if line.startswith(b"content-length:")
    ]
    whole = len(head) + 4 + sum(lengths)
    return whole if len(data) >= whole else 0


@dataclass(slots=True)
class Proxy:
    """``cut_after`` is how many units of ``part`` the server may say on a connection, from the
    first request on that holds ``cuts``, before it is cut; a request that holds ``refuses`` is
    never let through.

    A cut is a reset: nobody is told anything.
    """

    target: int
    port: int = 0
    tls: ssl.SSLContext | None = None
    part: Part = websocket_frame
    cut_after: Callable[[], int | None] = lambda: None
    cuts: bytes = b"Upgrade: websocket"
    refuses: bytes | None = None
    refusal: bytes = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"
    requests: list[str] = field(default_factory=list[str])
    cut: int = 0
    faults: list[Exception] = field(default_factory=list[Exception])
    _open: set[asyncio.StreamWriter] = field(default_factory=set[asyncio.StreamWriter])
    _server: asyncio.Server = field(init=False)

    @property
    def http(self) -> str:
        return f"{'http' if self.tls is None else 'https'}://127.0.0.1:{self.port}"

    async def open(self) -> None:
        """Listen, again at the same port."""
        self._server = await asyncio.start_server(self.serve, "127.0.0.1", self.port, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Cut every connection there is, and listen no longer."""
        self._server.close()
        for writer in list(self._open):
            writer.transport.abort()
        await self._server.wait_closed()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        server, to_server = await asyncio.open_connection("127.0.0.1", self.target)
        link = _Link(self, writer, to_server)
        tasks = [asyncio.create_task(link.ask(reader)), asyncio.create_task(link.answer(server))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            for ended in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(ended, Exception) and not isinstance(ended, OSError):
                    self.faults.append(ended)
            self._open.discard(writer)
            writer.transport.abort()
            to_server.transport.abort()


@dataclass(slots=True)
class _Link:
    """One connection; ``budget`` is how much the server may still say, if that is limited."""

    proxy: Proxy
    to_client: asyncio.StreamWriter
    to_server: asyncio.StreamWriter
    budget: int | None = None
    is_armed: bool = False

    async def ask(self, client: asyncio.StreamReader) -> None:
        while chunk := await client.read(READ_BYTES):
            if b" HTTP/1.1\r\n" in chunk:
                self.proxy.requests.append(chunk.split(b" ")[1].decode())
            if self.proxy.refuses is not None and self.proxy.refuses in chunk:
                self.to_client.write(self.proxy.refusal)
                await self.to_client.drain()
                return
            if self.proxy.cuts in chunk and not self.is_armed:
                self.is_armed, self.budget = True, self.proxy.cut_after()
            self.to_server.write(chunk)
            await self.to_server.drain()

    async def answer(self, server: asyncio.StreamReader) -> None:
        data = bytearray()
        while self.budget != 0 and (chunk := await server.read(READ_BYTES)):
            data += chunk
            self._pass_on(data)
            await self.to_client.drain()
        self.proxy.cut += self.budget == 0

    def _pass_on(self, data: bytearray) -> None:
        while data and self.budget != 0:
            length = len(data) if self.budget is None else self.proxy.part(data)
            if not length:
                return
            self.to_client.write(bytes(data[:length]))
            del data[:length]
            if self.budget is not None:
                self.budget -= 1


@asynccontextmanager
async def proxy(target: int, tls: ssl.SSLContext | None = None) -> AsyncGenerator[Proxy]:
    """Serve a proxy to a port of this machine, on a free port."""
    made = Proxy(target, tls=tls)
    await made.open()
    try:
        yield made
    finally:
        await made.close()
    assert made.faults == []
