"""Clients that read a log over HTTP: an event stream byte by byte, and a long-poll."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx

from tests.support.socket import PATIENCE_S, Frame, Frames, narrow
from tests.support.specified import check_received


class Ended(Exception):
    """The server ended the stream, after all that is in ``frames``."""


class Stream(Frames):
    """One event stream. ``ids`` are those of ``frames``; ``lines`` is all that came."""

    def __init__(self, headers: Mapping[str, str], chunks: AsyncIterator[bytes]) -> None:
        super().__init__()
        self.headers = headers
        self.ids: list[str | None] = []
        self.lines: list[str] = []
        self._lines = lines_of(chunks)

    @property
    def last_id(self) -> str:
        """Return what a browser would send as ``Last-Event-ID``."""
        return next((id for id in reversed(self.ids) if id is not None), "")

    async def receive(self) -> Frame:
        fields: dict[str, str] = {}
        while "data" not in fields or self.lines[-1]:
            name, _, value = (await self.line()).partition(": ")
            fields[name] = value
        frame: Frame = json.loads(fields["data"])
        check_received(frame)
        assert fields["event"] == frame["type"]
        self.frames.append(frame)
        self.ids.append(fields.get("id"))
        return frame

    async def line(self) -> str:
        """Return the next line, without its end. Raises `Ended`."""
        try:
            line = await asyncio.wait_for(anext(self._lines), PATIENCE_S)
        except StopAsyncIteration:
            raise Ended from None
        self.lines.append(line)
        return line

    async def end(self) -> Frame:
        """Return the last frame, once the server has ended the stream."""
        try:
            while True:
                await self.receive()
        except Ended:
            return self.frames[-1]


@asynccontextmanager
async def stream(browser: httpx.AsyncClient, path: str, **headers: str) -> AsyncGenerator[Stream]:
    async with browser.stream("GET", path, headers=headers) as response:
        assert response.status_code == 200, await response.aread()
        yield Stream(response.headers, response.aiter_raw())


@asynccontextmanager
async def narrow_stream(
    url: str, headers: Mapping[str, str], receive_bytes: int
) -> AsyncGenerator[Stream]:
    """Open a stream of which next to nothing is taken in before it is read."""
    connection = await narrow(url, receive_bytes)
    reader, writer = await asyncio.open_connection(sock=connection, limit=receive_bytes)
    at = urlsplit(url)
    lines = [f"GET {at.path}?{at.query} HTTP/1.1", f"Host: {at.netloc}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        assert head.startswith("HTTP/1.1 200"), head
        yield Stream({}, chunks_of(reader))
    finally:
        writer.transport.abort()


async def chunks_of(reader: asyncio.StreamReader) -> AsyncGenerator[bytes]:
    """Decode a body in chunks (RFC 9112, 7.1)."""
    while size := int(await reader.readline(), 16):
        yield await reader.readexactly(size)
        await reader.readline()


async def lines_of(chunks: AsyncIterator[bytes]) -> AsyncIterator[str]:
    """Cut bytes at line feeds only: text may have other ends of lines in it."""
    rest = b""
    async for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.decode()
    assert not rest


class Poll(Frames):
    """A client that asks for what comes next, again and again."""

    def __init__(self, browser: httpx.AsyncClient, path: str, cursor: str) -> None:
        super().__init__()
        self.browser = browser
        self.path = path
        self.cursor = cursor
        self.answers: list[Frame] = []
        self._waiting: list[Frame] = []

    async def ask(self, **query: object) -> Frame:
        """Return the answer to one request; its cursor is where the next goes on from."""
        parameters = {"cursor": self.cursor, **{name: str(value) for name, value in query.items()}}
        answer = await self.browser.get(self.path, params=parameters)
        assert answer.status_code == 200, answer.text
        body: Frame = answer.json()
        self.answers.append(body)
        self.cursor = body["cursor"]
        return body

    async def receive(self) -> Frame:
        while not self._waiting:
            self._waiting = (await self.ask(wait=5))["events"]
        self.frames.append(self._waiting.pop(0))
        return self.frames[-1]
