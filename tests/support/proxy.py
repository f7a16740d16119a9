"""A TCP proxy between a client and a server, which breaks connections where it is told to."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
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


def event_of_stream(data: bytearray) -> int:
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
    """``cut_after`` is how many units of ``part`` the server may say on a connection of the kind
    that ``cuts`` knows by its request before it is cut; ``refuses`` are never let through.

    A cut is a reset: nobody is told anything.
    """

    target: int
    port: int = 0
    part: Part = websocket_frame
    cut_after: Callable[[], int | None] = lambda: None
    cuts: bytes = b"Upgrade: websocket"
    refuses: bytes | None = None
    refusal: bytes = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"
    seen: list[bytes] = field(default_factory=list[bytes])
    cut: int = 0
    _open: set[asyncio.StreamWriter] = field(default_factory=set[asyncio.StreamWriter])

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def break_all(self) -> None:
        """Cut every connection there is."""
        for writer in self._open:
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, OSError):
                await self._pass_on(reader, writer)
        finally:
            self._open.discard(writer)
            writer.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        self.seen.append(request.partition(b"\r\n")[0])
        if self.refuses is not None and self.refuses in request:
            writer.write(self.refusal)
            await writer.drain()
            return
        server, to_server = await asyncio.open_connection("127.0.0.1", self.target)
        to_server.write(request)
        budget = self.cut_after() if self.cuts in request else None
        tasks = [
            asyncio.create_task(_copy(reader, to_server)),
            asyncio.create_task(self._answer(server, writer, budget)),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            to_server.transport.abort()

    async def _answer(
        self, server: asyncio.StreamReader, writer: asyncio.StreamWriter, budget: int | None
    ) -> None:
        if budget is None:
            await _copy(server, writer)
            return
        data = bytearray()
        while budget and (chunk := await server.read(READ_BYTES)):
            data += chunk
            while budget and (length := self.part(data)):
                writer.write(bytes(data[:length]))
                del data[:length]
                budget -= 1
            await writer.drain()
        self.cut += 1


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(READ_BYTES):
        writer.write(chunk)
        await writer.drain()


@asynccontextmanager
async def proxy(target: int) -> AsyncGenerator[Proxy]:
    """Serve a proxy to a port of this machine, on a free port."""
    made = Proxy(target)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    async with server:
        yield made
        made.break_all()
