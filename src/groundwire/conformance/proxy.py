"""A TCP proxy that cuts, freezes, forbids and lets through, as networks do."""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from groundwire.conformance.cases import Transport
from groundwire.conformance.subject import Subject

CHUNK = 65_536
_PATHS: dict[Transport, bytes] = {
    "websocket": b"/chat/stream", "sse": b"/events", "poll": b"/poll",
}  # fmt: skip


class Proxy:
    """Listens on a port of its own and passes on to ``subject``, wherever that is by then.

    ``forbidden`` are the transports whose requests it cuts off.
    """

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._writers: set[asyncio.StreamWriter] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._reached = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self.forbidden: set[Transport] = set()
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def in_front(self) -> Subject:
        """The same server, reached through here."""
        return Subject(self.url, self._subject.key)

    def cut(self) -> None:
        """Drop every connection without a word."""
        self._reached.clear()
        for writer in list(self._writers):
            writer.transport.abort()

    def freeze(self) -> None:
        """Let nothing through any more on the connections there are; new ones work."""
        self._flowing.clear()
        self._flowing = asyncio.Event()
        self._flowing.set()

    def hold(self) -> None:
        """Take nothing from anybody until `release`."""
        self._flowing.clear()

    def release(self) -> None:
        self._flowing.set()

    async def reached(self) -> None:
        """Return once somebody has come through since the last cut."""
        await self._reached.wait()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.close()
        self.cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        flowing = self._flowing
        to = urlsplit(self._subject.url)
        try:
            there, back = await asyncio.open_connection(to.hostname, to.port)
        except OSError:
            writer.transport.abort()
            return
        self._reached.set()
        self._writers |= {writer, back}
        for one, other in ((reader, back), (there, writer)):
            task = asyncio.create_task(self._pass_on(one, other, flowing))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, flowing: asyncio.Event
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK):
                await flowing.wait()
                if self._is_forbidden(data):
                    break
                writer.write(self.change(data))
                await writer.drain()
        self._writers.discard(writer)
        writer.transport.abort()

    def change(self, data: bytes) -> bytes:
        """Return what is passed on in place of ``data``."""
        return data

    def _is_forbidden(self, data: bytes) -> bool:
        """Whether it begins with a request that is not let through."""
        line, _, _ = data.partition(b"\r\n")
        return line.startswith(b"GET ") and any(_PATHS[each] in line for each in self.forbidden)
