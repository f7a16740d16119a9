"""Two ways to ask: through the client library, and by raw frames on any transport."""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Protocol

import aiohttp
from websockets.exceptions import WebSocketException

from bench.server import Server
from bench.soak.link import Link
from bench.soak.plan import TRANSPORTS, Person, Question, Transport
from bench.soak.record import Read, Record
from groundwire.conformance.raw import WIRES
from groundwire.conformance.seen import Broken, Frame, Seen
from groundwire.conformance.subject import Subject
from groundwire.conformance.wire import Ended, Wire
from groundwire_client import Answer, Groundwire, Reset, connect
from groundwire_client.errors import GroundwireError, Unanswered

SILENCE_S = 3.0
"""A raw reader that hears nothing for so long comes back; the server speaks every 2 s."""
ANSWER_S = 4.0
CLIMB_S = 0.5
IMPATIENCE_S = 0.3
_LOST = (Ended, OSError, aiohttp.ClientError, WebSocketException, TimeoutError, EOFError)


class Asker(Protocol):
    async def ask(self, question: Question) -> Read:
        """Ask until it is acknowledged, and read the answer to its end. Raises ``Broken``."""
        ...


@dataclass(slots=True)
class LibraryAsker:
    person: Person
    groundwire: Groundwire
    record: Record

    async def ask(self, question: Question) -> Read:
        times = 2 if question.again == "at_once" else 1
        answer, *_ = await asyncio.gather(*(self._acked(question) for _ in range(times)))
        await self._read(question, answer)
        if question.again == "afterwards":
            await self._acked(question)
        message = answer.message
        assert message is not None
        return Read(
            self.person, question, self._session(question), answer.turn_id, message.message_id,
            message.content, message.finish_reason or "",
        )  # fmt: skip

    def _session(self, question: Question) -> str:
        return f"{self.person.name}-{question.conversation}"

    async def _acked(self, question: Question) -> Answer:
        conversation = self.groundwire.conversation(self._session(question))
        while True:
            self.record.counts["sent"] += 1
            try:
                answer = await conversation.ask(question.content, client_message_id=question.key)
            except Unanswered:
                continue
            except GroundwireError as error:
                if not error.retryable:
                    raise
                await asyncio.sleep(0.1)
            else:
                self.record.ack(conversation.id, question.key, answer.turn_id)
                return answer

    async def _read(self, question: Question, answer: Answer) -> None:
        """Read it as a screen does, which obeys each reset."""
        screen = ""
        try:
            async for piece in answer:
                if isinstance(piece, Reset):
                    self.record.counts["resets"] += 1
                    screen = screen[: piece.to_offset]
                else:
                    screen += piece
            await answer.done()
        except GroundwireError as error:
            if error.code != "interrupted":
                raise
        if screen != answer.text:
            raise Broken(f"{question.key} reads {screen!r} and is {answer.text!r}")


@asynccontextmanager
async def library_asker(
    person: Person, link: Link, key: str, record: Record
) -> AsyncGenerator[LibraryAsker]:
    first = TRANSPORTS.index(person.first)
    order = TRANSPORTS[first:] + TRANSPORTS[:first]
    client = connect(
        link.url, token=key, transports=order, timeout_s=ANSWER_S, better_after_s=CLIMB_S
    )
    async with client as groundwire:
        pressing = asyncio.create_task(_press_on(groundwire))
        try:
            yield LibraryAsker(person, groundwire, record)
        finally:
            pressing.cancel()


async def _press_on(groundwire: Groundwire) -> None:
    """Press "try now" soon, as somebody does who looks at the screen."""
    async for status in groundwire.connection.changes():
        if status.retry_at is not None:
            await asyncio.sleep(IMPATIENCE_S)
            groundwire.connection.retry_now()


@dataclass(slots=True)
class RawAsker:
    """Reads one conversation by raw frames; each connection is by a transport drawn anew."""

    person: Person
    subject: Subject
    session: str
    record: Record
    chance: random.Random
    seen: Seen = field(default_factory=Seen)
    wire: Wire | None = None
    _dones: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    """By their turns: which message it is of, and why it ended."""

    async def ask(self, question: Question) -> Read:
        turn = await self._acked(question)
        if question.again == "at_once":
            await self._acked(question)
        while turn not in self._dones:
            await self._receive()
        if question.again == "afterwards":
            await self._acked(question)
        message, reason = self._dones[turn]
        self.seen.check_hash(message)
        text = self.seen.texts.get(message, "")
        return Read(self.person, question, self.session, turn, message, text, reason)

    async def _acked(self, question: Question) -> str:
        while True:
            wire = await self._connected()
            self.record.counts["sent"] += 1
            try:
                async with asyncio.timeout(ANSWER_S):
                    answer = await wire.say(
                        "chat_message", content=question.content, clientMessageId=question.key
                    )
            except _LOST:
                await self.leave()
                continue
            if answer["type"] == "ack":
                self.record.ack(self.session, question.key, answer["turnId"])
                return str(answer["turnId"])
            if not answer.get("retryable"):
                raise Broken(f"{question.key} was answered by {answer}")
            await self.leave()

    async def _receive(self) -> None:
        wire = await self._connected()
        try:
            async with asyncio.timeout(SILENCE_S):
                frame = await wire.receive()
        except _LOST:
            await self.leave()
            return
        self._note(frame)

    def _note(self, frame: Frame) -> None:
        match frame["type"]:
            case "answer.reset":
                self.record.counts["resets"] += 1
            case "snapshot":
                self.record.counts["snapshots"] += 1
                for each in frame["messages"]:
                    if "contentHash" in each:
                        self._dones[each["turnId"]] = (each["messageId"], each["finishReason"])
            case "done":
                self._dones[frame["turnId"]] = (frame["messageId"], frame["finishReason"])
            case _:
                pass

    async def _connected(self) -> Wire:
        while self.wire is None:
            wire = WIRES[self._choose()](self.subject, self.session, self.subject.key)
            wire.cursor = self.seen.cursor if self.seen.epoch else "0"
            wire.seen = self.seen
            try:
                async with asyncio.timeout(SILENCE_S):
                    await wire.open()
            except _LOST:
                await _drop(wire)
                await asyncio.sleep(self.chance.uniform(0.0, 0.2))
            else:
                self.wire = wire
        return self.wire

    def _choose(self) -> Transport:
        return self.chance.choice(TRANSPORTS)

    async def leave(self) -> None:
        if self.wire is not None:
            wire, self.wire = self.wire, None
            await _drop(wire)


async def _drop(wire: Wire) -> None:
    with suppress(*_LOST):
        wire.cut()
        await wire.aclose()


@asynccontextmanager
async def raw_asker(
    person: Person, link: Link, server: Server, record: Record, seed: int
) -> AsyncGenerator[RawAsker]:
    session = await _begin(server)
    chance = random.Random(f"{seed}/raw/{person.number}")
    asker = RawAsker(person, Subject(link.url, server.key), session, record, chance)
    try:
        yield asker
    finally:
        await asker.leave()


async def _begin(server: Server) -> str:
    """Begin a conversation past all faults, but for a server that restarts."""
    headers = {"Authorization": f"Bearer {server.key}"}
    async with aiohttp.ClientSession(headers=headers) as http:
        while True:
            try:
                async with http.post(f"{server.url}/api/v1/conversations", json={}) as response:
                    return str((await response.json())["id"])
            except (OSError, aiohttp.ClientError):
                await asyncio.sleep(0.1)
