"""Each log as a stream of server-sent events."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Iterator
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass, field

import httpx

from groundwire_client._http import HttpTransport, refuse
from groundwire_client._identity import Identity
from groundwire_client._line import OPEN_S, Dropped, Line, kind_of
from groundwire_client._log import LogReader
from groundwire_client._state import Snapshot
from groundwire_client._wire import (
    AuthExpiring,
    Error,
    Presence,
    Read,
    Ready,
    Reconnect,
    Typing,
    decode,
)
from groundwire_client.errors import GroundwireError, ProtocolViolation, Unreachable
from groundwire_client.events import Recorded

SILENCE_S = 45.0
"""A comment comes each 15 s; a silence of three times that means that nobody is there."""
MAX_BYTES = 64 * 1024 * 1024


@dataclass(slots=True)
class Events:
    """Cuts a stream of bytes into the data of its events (WHATWG, server-sent events, 9.2.6).

    Of the fields only ``data`` is needed: the same JSON object as on the socket. Lines end
    with LF, CR or both, and nowhere else.
    """

    _rest: bytearray = field(default_factory=bytearray)
    _data: list[bytes] = field(default_factory=list[bytes])
    _after_cr: bool = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the data of each event that ends in ``chunk``. Raises ``ProtocolViolation``."""
        self._rest += chunk
        while (line := self._line()) is not None:
            if line == b"" and self._data:
                yield b"\n".join(self._data)
                self._data.clear()
            elif line.startswith(b"data:"):
                self._data.append(line[5:].removeprefix(b" "))
        if len(self._rest) > MAX_BYTES:
            raise ProtocolViolation("The server sent an event without an end.")

    def _line(self) -> bytes | None:
        if self._after_cr and self._rest:
            self._after_cr = False
            if self._rest[0] == 0x0A:
                del self._rest[0]
        ends = [at for end in (b"\n", b"\r") if (at := self._rest.find(end)) >= 0]
        if not ends:
            return None
        at = min(ends)
        line = bytes(self._rest[:at])
        self._after_cr = self._rest[at] == 0x0D
        del self._rest[: at + 1]
        return line


async def read_events(chunks: AsyncIterable[bytes]) -> AsyncGenerator[bytes]:
    """Yield the data of each event."""
    events = Events()
    async for chunk in chunks:
        for data in events.feed(chunk):
            yield data


class SseTransport(HttpTransport):
    def __init__(
        self, http: httpx.AsyncClient, identity: Identity, device: str, line: Line
    ) -> None:
        super().__init__(http, device, line)
        self._identity = identity

    async def follow(self, reader: LogReader) -> None:
        while reader.refusal is None:
            async with self._open(reader) as response:
                if response.status_code == 200:
                    await self._read(reader, response)
                    continue
                refuse(reader, response, await response.aread())
            await self.until_begun(reader)

    async def probe(self, reader: LogReader) -> bool:
        """Return whether events come this way as they happen, and leave at once."""
        try:
            async with self._open(reader) as response, asyncio.timeout(OPEN_S):
                _expect_stream(response)
                async with aclosing(read_events(response.aiter_bytes())) as events:
                    await anext(events)
        except (httpx.HTTPError, Dropped, GroundwireError, TimeoutError, StopAsyncIteration):
            return False
        return True

    def _open(self, reader: LogReader) -> AbstractAsyncContextManager[httpx.Response]:
        headers = {"Accept": "text/event-stream", "Accept-Encoding": "identity"}
        if reader.cursor is not None:
            headers["Last-Event-ID"] = reader.cursor
        timeout = httpx.Timeout(OPEN_S, read=SILENCE_S)
        return self._http.stream(
            "GET",
            f"{self.path_of(reader)}/events",
            params=self.device_of(reader.id),
            headers=headers,
            timeout=timeout,
        )

    async def _read(self, reader: LogReader, response: httpx.Response) -> None:
        """Bring the stream until it is to be left for one that shows a fresh token, or the
        reader is refused. Raises ``Dropped``.
        """
        _expect_stream(response)
        async with aclosing(read_events(response.aiter_bytes())) as events:
            try:
                # A stream that something before the server holds back is none.
                async with asyncio.timeout(OPEN_S):
                    first = await anext(events)
            except (TimeoutError, StopAsyncIteration):
                raise Dropped(Unreachable("The stream of events holds nothing.")) from None
            self._take(reader, first)
            async for data in events:
                if self._take(reader, data):
                    await self._identity.refresh(stale=self._identity.current)
                    return
                if reader.refusal is not None:
                    return
        raise Dropped(Unreachable("The stream of events was cut."))

    def _take(self, reader: LogReader, data: bytes) -> bool:
        """Take one event; return whether the token is about to expire."""
        self._line.received(data)
        frame = decode(data).frame
        match frame:
            case Ready() | Snapshot() | Recorded() | Presence() | Typing() | Read():
                reader.receive(frame)
            case Error():
                self._fail(reader, frame.as_error())
            case Reconnect():
                error = Unreachable("The server goes away for a moment.")
                raise Dropped(error, "again", delay_s=frame.delay_ms / 1000)
            case AuthExpiring():
                return self._identity.can_refresh
            case _:
                pass
        self._line.heard(frame)
        return False

    def _fail(self, reader: LogReader, error: GroundwireError) -> None:
        kind = kind_of(error)
        if kind != "access":
            raise Dropped(error, kind)
        reader.refuse(error)


def _expect_stream(response: httpx.Response) -> None:
    kind = response.headers.get("content-type", "")
    if response.status_code != 200 or not kind.startswith("text/event-stream"):
        raise Dropped(Unreachable(f"This is no stream of events: {response.status_code}, {kind}."))
