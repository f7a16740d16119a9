"""A reader by a client library, which a driver uses as an application would.

What the server says is told as it came, and counts where the library takes it: an event at or
before its place in the log is a repeat, one after a gap is read again. At the end of every turn
the text that the library has is compared with what was said and with the server's hash. The
library itself reconnects, resumes and sends again; here it is only cut off, through a proxy.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import ClassVar

import aiohttp

from groundwire.conformance.cases import Transport
from groundwire.conformance.driver import Driver, Refused, Told
from groundwire.conformance.proxy import Proxy
from groundwire.conformance.seen import Broken, Frame, is_event
from groundwire.conformance.wire import Ended, Wire

REPLIES = ("ack", "steer.failed", "history", "pong")


@dataclass(slots=True)
class LibraryWire(Wire):
    """``ways`` are the transports that the library may take, the best first."""

    driver: Driver = field(kw_only=True)
    ways: tuple[Transport, ...] = field(kw_only=True)
    # A library waits between its tries, the longer the more of them failed.
    patience_s: ClassVar[float] = 20.0
    _name: str = ""
    _proxy: Proxy | None = None
    _reply: Frame | None = None
    _acks: int = 0
    _is_met: bool = False
    _stood: set[int] = field(default_factory=set[int])
    _status: Told = field(default_factory=Told)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def proxy(self) -> Proxy:
        assert self._proxy is not None
        return self._proxy

    async def open(self) -> None:
        self._proxy = await Proxy(self.subject).__aenter__()
        self._name = self.driver.listen(self._hear)
        cursor = await self._whole_cursor()
        await self.driver.order(
            "open",
            self._name,
            url=self.proxy.url,
            token=self.key,
            fresh=self.fresh,
            transports=self.ways,
            session=self.session,
            cursor=cursor,
        )
        if self.ways[0] == "websocket":
            # There attaching begins a conversation, which others may look for from now on.
            await self._until(lambda _: self._is_met)

    async def _whole_cursor(self) -> str | None:
        """Return the cursor with an epoch: a library has no name for the beginning of a log."""
        if self.cursor != "0":
            return self.cursor
        epoch = await self._epoch()
        if epoch is None and self.ways[0] != "websocket":
            # Over HTTP reading begins nothing, and of what it begins by asking a library is
            # told by a snapshot.
            self.session = await self.subject.begin(self.key)
            epoch = await self._epoch()
        return None if epoch is None else f"{epoch}:0"

    async def _epoch(self) -> str | None:
        """Return the lifetime of the log, if there is one."""
        url = f"{self.subject.url}/api/v1/conversations/{self.session}"
        headers = {"Authorization": f"Bearer {self.key}"}
        async with aiohttp.ClientSession(headers=headers) as http, http.get(url) as response:
            if response.status != 200:
                return None
            epoch, _, _ = (await response.json())["cursor"].rpartition(":")
            return epoch

    async def say(self, type: str, **fields: object) -> Frame:
        self._reply = None
        command = {"type": type, **fields}
        try:
            returned = await self.driver.order("say", self._name, command=command)
        except Refused as refused:
            if refused.error["code"] == "steer_failed" and self._reply is not None:
                return self._reply
            return {**refused.error, "type": "error"}
        if self._reply is None:
            raise Broken(f"`{type}` was done, and the server had not answered")
        for name, value in returned.items():
            if self._reply.get(name, False) != value:
                raise Broken(f"the library made {name} {value} of {self._reply}")
        return self._reply

    async def say_only(self, type: str, **fields: object) -> None:
        await self.driver.order("say", self._name, command={"type": type, **fields})

    async def receive(self) -> Frame:
        frame = await super(LibraryWire, self).receive()
        if frame["type"] == "done" and is_event(frame):
            await self._prove(frame)
        return frame

    async def _prove(self, done: Frame) -> None:
        """See that the library shows what was said, and that it has proved it."""
        id = done["messageId"]
        messages = (await self.driver.order("state", self._name))["messages"]
        shown = next((each for each in messages if each["messageId"] == id), None)
        if shown is None:
            raise Broken(f"the library does not have the answer {id}")
        if sha256(shown["content"].encode()).hexdigest() != done["contentHash"]:
            raise Broken(f"the library shows another text for {id}: {shown['content'][:80]!r}…")
        if not shown["proved"] or shown["finishReason"] != done["finishReason"]:
            raise Broken(f"the library has not proved {id}, or ended it otherwise: {shown}")

    async def aclose(self) -> None:
        name, self._name = self._name, ""
        if name:
            await self.driver.close(name)
        if self._proxy is not None:
            await self._proxy.__aexit__(None, None, None)

    def cut(self) -> None:
        self.proxy.cut()

    def pause(self) -> None:
        self.proxy.hold()

    def resume(self) -> None:
        self.proxy.release()

    async def come_back(self) -> None:
        self.cut()
        async with asyncio.timeout(self.patience_s):
            await self.proxy.reached()

    async def take(self, transport: Transport) -> None:
        """Forbid the transport that is used, and see that the library takes ``transport``."""
        self.proxy.forbidden = {self._status["transport"]}
        self.cut()
        await self._until(lambda now: (now["state"], now["transport"]) == ("live", transport))

    async def show_fresh(self) -> None:
        """The library does it by itself, when it hears that it is time."""
        acks = self._acks
        await self._until(lambda _: self._acks > acks)

    async def let_go(self) -> Ended:
        await self._until(lambda now: now["state"] != "live")
        return Ended(error=self._status["reason"])

    def stood_after(self, event: Frame) -> bool:
        return event["seq"] in self._stood

    async def unserved(self) -> str | None:
        told = await self.next("ready", "unserved")
        return None if told.get("resumed") else str(told.get("reason"))

    async def _until(self, holds: Callable[[Told], bool]) -> None:
        async with asyncio.timeout(self.patience_s):
            while not holds(self._status):
                self._changed.clear()
                await self._changed.wait()

    def _hear(self, told: Told) -> None:
        if "status" in told:
            self._status = told["status"]
            if self._status["state"] == "closed":
                self._end(self._status["reason"])
        elif "refused" in told:
            self._end(told["refused"])
        else:
            self._take(told["said"], told["cursor"])
        self._changed.set()

    def _end(self, error: str | None) -> None:
        self._is_met = True
        self._inbox.put_nowait(Ended(error=error))

    def _take(self, said: Frame, cursor: str | None) -> None:
        """Take what the server said while the library stood at ``cursor``."""
        seq = None if cursor is None else int(cursor.rpartition(":")[2])
        if seq is not None:
            self._stood.add(seq)
        for frame in self._frames(said):
            if is_event(frame):
                first, last = frame.get("covers") or (frame["seq"], frame["seq"])
                if seq is None or first != seq + 1:
                    continue
                seq = last
            elif frame["type"] == "snapshot":
                seq = int(frame["cursor"].rpartition(":")[2])
            self._put(frame)

    def _frames(self, said: Frame) -> list[Frame]:
        """Return the frames of what may be a page of a poll, or the problem of one."""
        if said.get("code") == "unrecoverable_cursor":
            return [{**said, "type": "unserved"}]
        if "type" in said:
            return [said]
        self.seen.epoch = said["cursor"].rpartition(":")[0]
        snapshot = said.get("snapshot")
        return ([{**snapshot, "type": "snapshot"}] if snapshot else []) + said["events"]

    def _put(self, frame: Frame) -> None:
        if is_event(frame):
            self._inbox.put_nowait(frame)
        elif frame["type"] in REPLIES:
            self._acks += 1
            self._reply = frame
        elif not _answers(frame):
            self._is_met = self._is_met or frame["type"] == "ready"
            self._inbox.put_nowait(frame)


def _answers(frame: Frame) -> bool:
    """Whether it is an error that answers a command: the library raises it."""
    is_problem = frame["type"].startswith("urn:")
    return is_problem or (frame["type"] == "error" and frame.get("ref") is not None)
