"""A client that says frames and reads what comes, and folds nothing that it was not sent."""

import asyncio
import json
import socket as sockets
from collections.abc import Callable
from hashlib import sha256
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.support.specified import check_received, may_be_sent

PATIENCE_S = 10.0
Frame = dict[str, Any]


class Frames:
    """Frames as they come in by whatever transport. ``frames`` is all there was, in order."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []

    async def receive(self) -> Frame:
        """Return the next frame, which is added to ``frames``."""
        raise NotImplementedError

    async def next(self, *types: str) -> Frame:
        """Return the next frame of one of ``types``; what comes before it is passed over."""
        return await self.until(lambda frame: frame["type"] in types)

    async def until(self, holds: Callable[[Frame], bool]) -> Frame:
        while not holds(frame := await self.receive()):
            pass
        return frame

    async def turn(self, turn: str) -> list[Frame]:
        """Return the rest of a turn's events, to its ``done``."""
        events: list[Frame] = []
        while True:
            frame = await self.receive()
            if frame.get("turnId") == turn and "seq" in frame:
                events.append(frame)
                if frame["type"] == "done":
                    return events

    @property
    def events(self) -> list[Frame]:
        """Return what is in the log of what came so far."""
        return [frame for frame in self.frames if "seq" in frame]


class Talk(Frames):
    """One WebSocket.

    All that comes is held against the specification, and what is said: what may not be said has
    to be refused.
    """

    def __init__(self, socket: ClientConnection) -> None:
        super().__init__()
        self.socket = socket
        self._wrong: set[object] = set()

    async def say(self, type: str, **fields: object) -> None:
        frame = {"type": type, **fields}
        if not may_be_sent(frame):
            self._wrong.add(frame.setdefault("id", f"wrong {len(self._wrong)}"))
        await self.socket.send(json.dumps(frame))

    async def ask(self, session: str, content: str = "hi", **fields: object) -> Frame:
        """Ask, and return the ``ack``."""
        await self.say("chat_message", sessionId=session, content=content, **fields)
        return await self.next("ack")

    async def receive(self) -> Frame:
        frame: Frame = json.loads(await asyncio.wait_for(self.socket.recv(), PATIENCE_S))
        check_received(frame)
        assert frame["type"] == "error" or frame.get("ref") not in self._wrong, frame
        self.frames.append(frame)
        return frame

    async def answer(self, session: str, content: str = "hi", **fields: object) -> list[Frame]:
        """Ask, and return the events of the turn."""
        ack = await self.ask(session, content, **fields)
        return await self.turn(ack["turnId"])

    async def nothing_more(self) -> list[Frame]:
        """Return what came before the answer to a ping: all that was sent so far."""
        await self.say("ping", id="nothing more?")
        before = len(self.frames)
        await self.until(lambda frame: frame.get("ref") == "nothing more?")
        return self.frames[before:-1]

    async def closed(self) -> int:
        """Return the close code; what came before it is in ``frames``."""
        try:
            while True:
                await self.receive()
        except ConnectionClosed:
            assert self.socket.close_code is not None
            return self.socket.close_code

    def cut(self) -> None:
        """Drop the connection without a word."""
        self.socket.transport.abort()

    class Opening:
        """``async with`` opens the connection and closes it in the end."""

        def __init__(self, url: str, options: dict[str, Any], receive_bytes: int | None) -> None:
            self._url = url
            self._options = options
            self._receive_bytes = receive_bytes

        async def __aenter__(self) -> "Talk":
            if self._receive_bytes is not None:
                self._options["sock"] = await narrow(self._url, self._receive_bytes)
            self._opening = connect(
                self._url, proxy=None, compression=None, ping_interval=None, **self._options
            )
            return Talk(await self._opening.__aenter__())

        async def __aexit__(
            self,
            type: type[BaseException] | None,
            error: BaseException | None,
            traceback: TracebackType | None,
        ) -> None:
            await self._opening.__aexit__(type, error, traceback)


def talk(
    url: str,
    *,
    headers: dict[str, str] | None = None,
    origin: str | None = None,
    subprotocols: list[str] | None = None,
    host: str | None = None,
    receive_bytes: int | None = None,
) -> Talk.Opening:
    """Open ``url``; ``host`` is where it really is, if its name is to lie.

    ``receive_bytes`` is how much the kernel takes for a client that does not read.
    """
    options: dict[str, Any] = {"additional_headers": headers or {}}
    if host is not None:
        options["host"] = host
    if origin is not None:
        options["additional_headers"] = {**(headers or {}), "Origin": origin}
    if subprotocols is not None:
        options["subprotocols"] = [Subprotocol(name) for name in subprotocols]
    return Talk.Opening(url, options, receive_bytes)


async def narrow(url: str, receive_bytes: int) -> sockets.socket:
    """Return a connection to ``url`` on which little fits before it is read."""
    at = urlsplit(url)
    connection = sockets.socket()
    # Before the connection is made: after that the window is as large as it is.
    connection.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, receive_bytes)
    connection.setblocking(False)
    address = (at.hostname, at.port)
    await asyncio.get_running_loop().sock_connect(connection, address)
    return connection


class Folded:
    """What a client has on its screen: folded from snapshots and events, and proved by hash."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.hashes: dict[str, str] = {}
        self.epoch = ""
        self.seq = 0

    @property
    def cursor(self) -> str:
        return f"{self.epoch}:{self.seq}"

    def fold(self, frame: Frame) -> Self:
        match frame["type"]:
            case "ready":
                self.epoch = frame["epoch"]
            case "snapshot":
                self._load(frame)
            case _ if "seq" in frame:
                first, last = frame.get("covers", (frame["seq"], frame["seq"]))
                assert first == self.seq + 1, f"{first} after {self.seq}"
                assert last == frame["seq"]
                self.seq = last
                self._apply(frame)
            case _:
                pass
        return self

    def is_proved(self, message: str) -> bool:
        return sha256(self.texts.get(message, "").encode()).hexdigest() == self.hashes[message]

    def _load(self, snapshot: Frame) -> None:
        self.seq = snapshot["asOf"]
        answers = [each for each in snapshot["messages"] if each["role"] == "assistant"]
        self.texts = {each["messageId"]: each["content"] for each in answers}
        self.hashes = {
            each["messageId"]: each["contentHash"] for each in answers if "contentHash" in each
        }

    def _apply(self, event: Frame) -> None:
        if event["type"] == "token":
            text = self.texts.get(event["messageId"], "")
            assert event["offset"] == len(text)
            self.texts[event["messageId"]] = text + event["content"]
        elif event["type"] == "answer.reset":
            text = self.texts.get(event["messageId"], "")
            self.texts[event["messageId"]] = text[: event["toOffset"]]
        elif event["type"] == "done":
            self.hashes[event["messageId"]] = event["contentHash"]


async def eventually(holds: Callable[[], bool], *, within_s: float = PATIENCE_S) -> None:
    """Return once ``holds``, of which nobody tells when; fails after ``within_s``."""
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
