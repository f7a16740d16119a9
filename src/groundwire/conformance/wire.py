"""One reader of one conversation, whoever reads it: what the checks are written against."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from groundwire.conformance.seen import Broken, Frame, Seen, is_event
from groundwire.conformance.subject import Subject

PATIENCE_S = 10.0


class Ended(Exception):
    """Nothing more will come.

    ``code`` is the socket's close code, ``status`` that of HTTP; of a client library, which shows
    neither, ``error`` is the code of the error that it ended with.
    """

    def __init__(
        self,
        *,
        code: int | None = None,
        status: int | None = None,
        error: str | None = None,
        body: str = "",
    ) -> None:
        super().__init__(f"ended with {code or status or error}: {body[:200]}")
        self.code = code
        self.status = status
        self.error = error
        self.body = body


@dataclass(slots=True)
class Wire(ABC):
    """``frames`` is all that was received, in order; ``seen`` is what it folds into.

    ``fresh`` is the token that is to be shown when ``key`` is about to expire.
    """

    subject: Subject
    session: str
    key: str
    cursor: str | None = None
    fresh: str = ""
    frames: list[Frame] = field(default_factory=list[Frame])
    seen: Seen = field(default_factory=Seen)
    patience_s: ClassVar[float] = PATIENCE_S
    _inbox: "asyncio.Queue[Frame | Ended]" = field(default_factory=asyncio.Queue["Frame | Ended"])

    @abstractmethod
    async def open(self) -> None:
        """Connect and attach. Raises ``Ended`` if that is refused."""

    @abstractmethod
    async def say(self, type: str, **fields: object) -> Frame:
        """Send a command for this session and return the frame that answers it."""

    @abstractmethod
    async def aclose(self) -> None: ...

    @abstractmethod
    def cut(self) -> None:
        """Break the connection without a word."""

    @abstractmethod
    def pause(self) -> None:
        """Take nothing from the network until `resume`."""

    @abstractmethod
    def resume(self) -> None: ...

    @abstractmethod
    async def come_back(self) -> None:
        """Break the connection, if there still is one, and go on from what was seen."""

    @abstractmethod
    async def show_fresh(self) -> None:
        """Show ``fresh``, of which the server has said that it is time."""

    @abstractmethod
    async def let_go(self) -> Ended:
        """Return how the connection ends, whether or not another takes its place."""

    @abstractmethod
    def stood_after(self, event: Frame) -> bool:
        """Whether it stood right after ``event``, and not after more that it took at once."""

    @abstractmethod
    async def unserved(self) -> str | None:
        """Return why the cursor is not served, as it was told; ``None`` if it is."""

    async def say_only(self, type: str, **fields: object) -> None:
        """Send a command that no frame answers."""
        await self.say(type, **fields)

    async def receive(self) -> Frame:
        """Return what comes next, an event or a frame about the attachment. Raises ``Ended``."""
        try:
            async with asyncio.timeout(self.patience_s):
                frame = await self._inbox.get()
        except TimeoutError as error:
            last = self.frames[-1]["type"] if self.frames else "nothing"
            raise Broken(f"nothing came within {self.patience_s:g} s after {last}") from error
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
