"""One reader of one conversation, on any transport, by raw frames."""

import asyncio
import itertools
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import aiohttp
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from groundwire.conformance.cases import Transport
from groundwire.conformance.seen import Broken, Frame, Seen, is_event
from groundwire.conformance.subject import INVENTED, Subject

PATIENCE_S = 10.0
POLL_WAIT_S = 5.0


class Ended(Exception):
    """Nothing more will come. ``code`` is the socket's close code, ``status`` that of HTTP."""

    def __init__(
        self, *, code: int | None = None, status: int | None = None, body: str = ""
    ) -> None:
        super().__init__(f"ended with {code or status}: {body[:200]}")
        self.code = code
        self.status = status
        self.body = body


@dataclass(slots=True)
class Wire(ABC):
    """``frames`` is all that was received, in order; ``seen`` is what it folds into.

    ``refused`` is the problem by which a poll was told that its cursor cannot be served.
    """

    subject: Subject
    session: str
    key: str
    cursor: str | None = None
    query: dict[str, str] = field(default_factory=dict[str, str])
    headers: dict[str, str] = field(default_factory=dict[str, str])
    frames: list[Frame] = field(default_factory=list[Frame])
    seen: Seen = field(default_factory=Seen)
    refused: Frame | None = None
    _inbox: "asyncio.Queue[Frame | Ended]" = field(default_factory=asyncio.Queue["Frame | Ended"])
    _reading: "asyncio.Task[None] | None" = None
    _taking: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._taking.set()

    @abstractmethod
    async def open(self) -> None:
        """Connect and attach. Raises ``Ended`` if that is refused."""

    @abstractmethod
    async def say(self, type: str, **fields: object) -> Frame:
        """Send a command for this session and return the frame that answers it."""

    @abstractmethod
    async def aclose(self) -> None: ...

    @abstractmethod
    def cut(self) -> None: ...

    async def come_back(self) -> None:
        """Drop the connection without a word and go on from what was seen."""
        self.cut()
        await self._stop()
        while not self._inbox.empty():
            self._inbox.get_nowait()
        self.cursor = self.seen.cursor
        await self.open()

    async def say_only(self, type: str, **fields: object) -> None:
        """Send a command that no frame answers."""
        await self.say(type, **fields)

    def pause(self) -> None:
        """Take nothing from the network until `resume`."""
        self._taking.clear()

    def resume(self) -> None:
        self._taking.set()

    async def receive(self, *, within_s: float = PATIENCE_S) -> Frame:
        """Return what comes next, an event or a frame about the attachment. Raises ``Ended``."""
        try:
            async with asyncio.timeout(within_s):
                frame = await self._inbox.get()
        except TimeoutError as error:
            last = self.frames[-1]["type"] if self.frames else "nothing"
            raise Broken(f"nothing came within {within_s:g} s after {last}") from error
        if isinstance(frame, Ended):
            self._inbox.put_nowait(frame)
            raise frame
        self.frames.append(frame)
        self.seen.add(frame)
        return frame

    async def until(self, holds: Callable[[Frame], bool]) -> Frame:
        while not holds(frame := await self.receive()):
            pass
        return frame

    async def next(self, *types: str) -> Frame:
        return await self.until(lambda frame: frame["type"] in types)

    async def event(self) -> Frame:
        return await self.until(is_event)

    async def nothing_more(self) -> list[Frame]:
        """Return the events that come before this question's: all that was there to be sent."""
        before = len(self.frames)
        ack = await self.ask("nothing more?")
        await self.turn(ack["turnId"])
        events = [frame for frame in self.frames[before:] if is_event(frame)]
        return [event for event in events if event["seq"] < ack["messageSeq"]]

    async def ask(self, content: str = "hi", **fields: object) -> Frame:
        """Ask, and return the ``ack``. Raises ``Broken`` for anything else."""
        answer = await self.say("chat_message", content=content, **fields)
        if answer["type"] != "ack":
            raise Broken(f"a question was answered by {answer}")
        return answer

    async def turn(self, turn: str) -> list[Frame]:
        """Return the events of a turn from now on, to its ``done``."""
        events: list[Frame] = []
        while not events or events[-1]["type"] != "done":
            frame = await self.receive()
            if frame.get("turnId") == turn and is_event(frame):
                events.append(frame)
        self.seen.check_hash(events[-1]["messageId"])
        return events

    async def answer(self, content: str = "hi", **fields: object) -> list[Frame]:
        """Ask, and return the events of the turn, whose text is proved."""
        return await self.turn((await self.ask(content, **fields))["turnId"])

    async def ended(self) -> Ended:
        """Return how it ends; what comes before is in ``frames``."""
        try:
            while True:
                await self.receive()
        except Ended as ended:
            return ended

    def _start(self, reading: Any) -> None:
        self._reading = asyncio.create_task(reading)

    async def _stop(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)


@dataclass(slots=True)
class SocketWire(Wire):
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
class HttpWire(Wire):
    """What SSE and long-poll share: commands by POST."""

    http: aiohttp.ClientSession | None = None
    _response: aiohttp.ClientResponse | None = None

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
            url = f"{self.subject.url}/api/v1/conversations"
            async with self.client().post(url, json={}) as response:
                self.session = (await response.json())["id"]
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


WIRES: dict[Transport, type[Wire]] = {"websocket": SocketWire, "sse": SseWire, "poll": PollWire}


@asynccontextmanager
async def wire(
    transport: Transport, subject: Subject, session: str, **options: Any
) -> AsyncGenerator[Wire]:
    """Read ``session`` over ``transport``; as the owner, unless ``key`` says otherwise."""
    options = {"key": subject.key, **options}
    reader = WIRES[transport](subject, session, **options)
    try:
        await reader.open()
        yield reader
    finally:
        await reader.aclose()
