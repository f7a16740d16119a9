"""Readers by raw frames: nothing is between the checks and what the server says."""

import asyncio
import itertools
import json
from abc import abstractmethod
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import aiohttp
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from groundwire.conformance.cases import Transport
from groundwire.conformance.seen import Broken, Frame, is_event
from groundwire.conformance.subject import INVENTED
from groundwire.conformance.wire import PATIENCE_S, Ended, Wire

POLL_WAIT_S = 5.0


@dataclass(slots=True)
class RawWire(Wire):
    query: dict[str, str] = field(default_factory=dict[str, str])
    headers: dict[str, str] = field(default_factory=dict[str, str])
    _reading: "asyncio.Task[None] | None" = None

    async def come_back(self) -> None:
        self.cut()
        await self._stop()
        while not self._inbox.empty():
            self._inbox.get_nowait()
        self.cursor = self.seen.cursor
        await self.open()

    async def show_fresh(self) -> None:
        await self.say("auth", token=self.fresh)

    def stood_after(self, event: Frame) -> bool:
        # One may say so, and go on from there.
        return is_event(event)

    async def let_go(self) -> Ended:
        return await self.ended()

    async def unserved(self) -> str | None:
        ready = await self.next("ready")
        return None if ready.get("resumed") else str(ready.get("reason"))

    def _start(self, reading: Coroutine[Any, Any, None]) -> None:
        self._reading = asyncio.create_task(reading)

    async def _stop(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)


@dataclass(slots=True)
class SocketWire(RawWire):
    _socket: ClientConnection | None = None
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    _waiting: "dict[str, asyncio.Future[Frame]]" = field(
        default_factory=dict[str, "asyncio.Future[Frame]"]
    )

    async def open(self) -> None:
        at = {**self.query, "sessionId": self.session}
        if self.cursor is not None:
            at["cursor"] = self.cursor
        query = "&".join(f"{name}={value}" for name, value in at.items())
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        try:
            self._socket = await connect(
                f"{self.subject.socket_url}/api/v1/chat/stream?{query}",
                additional_headers={**headers, **self.headers},
                proxy=None,
                compression=None,
                max_size=None,
            )
        except InvalidStatus as refused:
            body = (refused.response.body or b"").decode()
            raise Ended(status=refused.response.status_code, body=body) from refused
        self._start(self._read(self._socket))

    async def say(self, type: str, **fields: object) -> Frame:
        assert self._socket is not None
        id = f"w{next(self._numbers)}"
        waiting = self._waiting[id] = asyncio.get_running_loop().create_future()
        # Who cannot even send it does not wait for it.
        waiting.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        frame = {"type": type, "id": id, "sessionId": self.session, **fields}
        try:
            await self._socket.send(json.dumps(frame))
            async with asyncio.timeout(PATIENCE_S):
                return await waiting
        except TimeoutError as error:
            raise Broken(f"`{type}` was not answered within {PATIENCE_S:g} s") from error
        finally:
            self._waiting.pop(id, None)

    @property
    def is_closed(self) -> bool:
        return self._socket is None or self._socket.close_code is not None

    async def send_raw(self, data: str | bytes) -> None:
        assert self._socket is not None
        with suppress(ConnectionClosed):
            await self._socket.send(data)

    async def say_only(self, type: str, **fields: object) -> None:
        """Send what nothing answers."""
        await self.send_raw(json.dumps({"type": type, "sessionId": self.session, **fields}))

    def pause(self) -> None:
        if self._socket is not None:
            self._socket.transport.pause_reading()

    def resume(self) -> None:
        if self._socket is not None:
            self._socket.transport.resume_reading()

    async def aclose(self) -> None:
        if self._socket is not None:
            await self._socket.close()
        await self._stop()

    def cut(self) -> None:
        if self._socket is not None:
            self._socket.transport.abort()

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for data in socket:
                frame: Frame = json.loads(data)
                waiting = self._waiting.get(str(frame.get("ref")))
                if waiting is not None and not waiting.done():
                    waiting.set_result(frame)
                    if frame["type"] in ("ack", "error", "pong", "steer.failed", "history"):
                        continue
                self._inbox.put_nowait(frame)
        except ConnectionClosed:
            pass
        ended = Ended(code=socket.close_code, body=socket.close_reason or "")
        self._inbox.put_nowait(ended)
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(ended)


@dataclass(slots=True)
class HttpWire(RawWire):
    """What SSE and long-poll share: commands by POST."""

    http: aiohttp.ClientSession | None = None
    _response: aiohttp.ClientResponse | None = None
    _taking: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._taking.set()

    def pause(self) -> None:
        self._taking.clear()

    def resume(self) -> None:
        self._taking.set()

    @property
    def base(self) -> str:
        return f"{self.subject.url}/api/v1/conversations/{self.session}"

    async def open(self) -> None:
        try:
            await self._attach()
        except Ended as ended:
            if ended.status != HTTPStatus.NOT_FOUND or not self.session.startswith(INVENTED):
                raise
            # Reading begins nothing: a session that is not there yet is begun first.
            self.session = await self.subject.begin(self.key)
            await self._attach()

    @abstractmethod
    async def _attach(self) -> None:
        """Connect. Raises ``Ended``."""

    async def say(self, type: str, **fields: object) -> Frame:
        """Send it by POST; a problem comes as the ``error`` frame that it stands for."""
        async with self.client().post(
            f"{self.base}/commands", json={"type": type, **fields}, params=self.query
        ) as response:
            body = await response.json(content_type=None)
        if response.status == 200:
            return body
        return {**body, "type": "error", "message": body["title"], "status": response.status}

    def client(self) -> aiohttp.ClientSession:
        if self.http is None:
            headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
            self.http = aiohttp.ClientSession(headers={**headers, **self.headers})
        return self.http

    async def aclose(self) -> None:
        await self._stop()
        if self._response is not None:
            self._response.close()
        if self.http is not None:
            await self.http.close()

    def cut(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
        if self._response is not None:
            self._response.close()


@dataclass(slots=True)
class SseWire(HttpWire):
    """``ids`` are those of the events, in order; an event without one has ``""``."""

    ids: list[str] = field(default_factory=list[str])

    async def _attach(self) -> None:
        params = dict(self.query)
        if self.cursor is not None:
            params["cursor"] = self.cursor
        response = await self.client().get(
            f"{self.base}/events", params=params, timeout=aiohttp.ClientTimeout(total=None)
        )
        if response.status != 200:
            raise Ended(status=response.status, body=await response.text())
        self._response = response
        self._start(self._read(response))

    async def _read(self, response: aiohttp.ClientResponse) -> None:
        fields: dict[str, str] = {}
        with suppress(aiohttp.ClientError):
            async for line in response.content:
                await self._taking.wait()
                name, _, value = line.decode().rstrip("\r\n").partition(":")
                if name:
                    fields[name] = value.removeprefix(" ")
                elif not line.strip():
                    if "data" in fields:
                        self.ids.append(fields.get("id", ""))
                        self._inbox.put_nowait(json.loads(fields["data"]))
                    fields = {}
        self._inbox.put_nowait(Ended(status=200))


@dataclass(slots=True)
class PollWire(HttpWire):
    """``refused`` is the problem by which it was told that its cursor cannot be served."""

    refused: Frame | None = None

    async def unserved(self) -> str | None:
        if self.refused is None:
            return None
        if self.refused["code"] != "unrecoverable_cursor":
            raise Broken(f"the cursor should be unrecoverable, but was told as {self.refused}")
        return str(self.refused["reason"])

    async def _attach(self) -> None:
        try:
            page = await self._poll(self.cursor, wait=0)
        except Ended as ended:
            if ended.status != HTTPStatus.GONE:
                raise
            self.refused = json.loads(ended.body)
            page = await self._poll(None, wait=0)
        self._start(self._read(page))

    async def _read(self, page: dict[str, Any]) -> None:
        try:
            while True:
                if snapshot := page.get("snapshot"):
                    self._inbox.put_nowait(snapshot)
                for event in page["events"]:
                    self._inbox.put_nowait(event)
                await self._taking.wait()
                page = await self._poll(page["cursor"], wait=POLL_WAIT_S)
        except Ended as ended:
            self._inbox.put_nowait(ended)
        except aiohttp.ClientError as error:
            self._inbox.put_nowait(Ended(status=0, body=str(error)))

    async def _poll(self, cursor: str | None, *, wait: float) -> dict[str, Any]:
        params = {**self.query, "wait": f"{wait:g}"}
        if cursor is not None:
            params["cursor"] = cursor
        async with self.client().get(f"{self.base}/poll", params=params) as response:
            if response.status != 200:
                raise Ended(status=response.status, body=await response.text())
            page: dict[str, Any] = await response.json()
        self.seen.epoch = page["cursor"].rpartition(":")[0]
        return page


WIRES: dict[Transport, type[RawWire]] = {
    "websocket": SocketWire, "sse": SseWire, "poll": PollWire,
}  # fmt: skip
