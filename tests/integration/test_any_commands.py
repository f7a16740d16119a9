"""Any commands in any order, over any transport, with cuts and restarts, against a model.

``HYPOTHESIS_PROFILE=long`` runs it for as long as one likes.
"""

import asyncio
import json
import os
import tempfile
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from groundwire.conformance.cases import TRANSPORTS, Transport
from groundwire.conformance.raw import WIRES, PollWire
from groundwire.conformance.seen import Frame, Seen
from groundwire.conformance.subject import Subject
from groundwire.conformance.wire import Wire
from groundwire.conversation.keep import Keeper
from groundwire.model.ids import LogId
from tests.support.expected import Expected, Found, Wish
from tests.support.gated import GatedModel
from tests.support.server import Served, serve

T = TypeVar("T")
SETTLE_S = 10.0
READERS = 4
RESTARTS = 3
KEYS = st.sampled_from([f"k{n}" for n in range(12)])
TEXTS = st.sampled_from(["Why?", "为什么？", "😀"])
WORDS = st.lists(st.sampled_from(["so ", "那么", "👩‍🔧", "é"]), min_size=1, max_size=4)
PLACES = st.sampled_from(TRANSPORTS)
PICKS = st.integers(0, 30)
EXTENT = (
    settings(stateful_step_count=60)
    if os.environ.get("HYPOTHESIS_PROFILE") == "long"
    else settings(max_examples=15, stateful_step_count=30, derandomize=True)
)


class World:
    """A server that outlives the examples, each of which has a conversation of its own."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.stack = AsyncExitStack()
        self.model = GatedModel()
        self.served: Served = self.run(self.open())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    async def open(self) -> Served:
        return await self.stack.enter_async_context(serve(Path(self.folder.name), model=self.model))

    async def restart(self) -> None:
        await self.stack.aclose()
        self.served = await self.open()

    def close(self) -> None:
        self.run(self.stack.aclose())
        self.runner.close()
        self.folder.cleanup()


worlds: list[World] = []


class Conversation(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        if not worlds:
            worlds.append(World())
        self.world = worlds[0]
        self.expected, self.found = Expected(), Found()
        self.readers: list[Wire | Seen] = []
        self.restarts = 0
        self.asked_before = len(self.world.model.requests)
        self.session, self.log = self.world.run(self._begin())

    def teardown(self) -> None:
        self.world.run(self._leave())

    # Commands.

    @rule(
        key=KEYS, text=TEXTS, by=PLACES, parent=PICKS,
        on_busy=st.sampled_from(["queue", "queue", "queue", "reject", "steer", "cancel"]),
    )  # fmt: skip
    def ask(self, key: str, text: str, by: Transport, parent: int, on_busy: str) -> None:
        fields: dict[str, Any] = {"content": text, "onBusy": on_busy}
        if (answer := self._pick(self.found.answers, parent)) is not None and parent % 2:
            fields["parentId"] = answer
        wish = ("ask", text)
        is_steer = on_busy == "steer" and self.expected.is_busy
        if on_busy == "reject" and self.expected.is_busy and key not in self.expected.wishes:
            assert self._say(by, "chat_message", clientMessageId=key, **fields)["code"] == "busy"
            return
        self._want("chat_message", by, key, wish, fields, text, is_steer=is_steer)
        if on_busy == "cancel" and self.accepted and self.expected.active != self.accepted:
            assert self.expected.active is not None
            self.expected.end(self.expected.active, "cancelled")

    @rule(key=KEYS, text=TEXTS, by=PLACES)
    def steer(self, key: str, text: str, by: Transport) -> None:
        if not self.expected.is_busy and key not in self.expected.wishes:
            refused = self._say(by, "steer", clientMessageId=key, content=text)
            assert (refused["type"], refused["content"]) == ("steer.failed", text)
            return
        self._want("steer", by, key, ("ask", text), {"content": text}, text, is_steer=True)

    @precondition(lambda self: self.found.questions)
    @rule(key=KEYS, text=TEXTS, by=PLACES, pick=PICKS)
    def edit(self, key: str, text: str, by: Transport, pick: int) -> None:
        message = self._pick(self.found.questions, pick)
        assert message is not None
        fields = {"messageId": message, "content": text}
        self._want("edit", by, key, ("edit", message, text), fields, text)

    @precondition(lambda self: self.found.answers)
    @rule(key=KEYS, by=PLACES, pick=PICKS)
    def regenerate(self, key: str, by: Transport, pick: int) -> None:
        message = self._pick(self.found.answers, pick)
        assert message is not None
        self._want("regenerate", by, key, ("again", message), {"messageId": message}, "")

    @rule(by=PLACES, pick=PICKS)
    def cancel(self, by: Transport, pick: int) -> None:
        turn = self._pick({id: id for id in self.expected.turns}, pick) if pick % 3 else None
        ack = self._say(by, "cancel", **({"turnId": turn} if turn else {}))
        ends = turn or self.expected.active
        assert bool(ack.get("noop")) == (ends is None or not self.expected.end(ends, "cancelled"))

    # The model.

    @precondition(lambda self: self.expected.is_busy)
    @rule(words=WORDS)
    def the_model_goes_on(self, words: list[str]) -> None:
        self.world.model.say(*words)
        self.expected.say("".join(words))

    @precondition(lambda self: self.expected.is_busy)
    @rule()
    def the_model_stops(self) -> None:
        assert self.expected.active is not None
        self.world.model.stop()
        self.expected.end(self.expected.active, "stop")

    # Readers and what befalls them.

    @precondition(lambda self: len(self.readers) < READERS)
    @rule(by=PLACES, from_the_start=st.booleans())
    def attach(self, by: Transport, from_the_start: bool) -> None:
        self.readers.append(self._open(by, Seen(), "0" if from_the_start else None))

    @precondition(lambda self: self.readers)
    @rule(pick=PICKS, words=WORDS)
    def a_reader_is_cut_while_the_model_speaks(self, pick: int, words: list[str]) -> None:
        if self.expected.is_busy:
            self.the_model_goes_on(words)
        place = pick % len(self.readers)
        self.readers[place] = self._cut(self.readers[place])

    @precondition(lambda self: self.readers)
    @rule(pick=PICKS, by=PLACES)
    def a_reader_comes_back_another_way(self, pick: int, by: Transport) -> None:
        place = pick % len(self.readers)
        seen = self._cut(self.readers[place])
        self.readers[place] = self._open(by, seen, seen.cursor if seen.epoch else "0")

    @precondition(lambda self: self.readers)
    @rule(pick=PICKS)
    def a_reader_leaves(self, pick: int) -> None:
        self._cut(self.readers.pop(pick % len(self.readers)))

    @rule()
    def what_ended_is_compacted(self) -> None:
        log = self.world.served.groundwire.assistant.log
        now = self.world.served.groundwire.assistant.now

        async def compact() -> None:
            while await Keeper(log, now, 0).compact():
                pass

        self.world.run(compact())

    @precondition(lambda self: self.restarts < RESTARTS)
    @rule()
    def the_server_restarts(self) -> None:
        self.restarts += 1
        self.readers = [self._cut(reader) for reader in self.readers]
        self._cut(self.poster)
        self._poster = None
        self.world.run(self.world.restart())
        self.expected.lose_server()

    # What must hold.

    @invariant()
    def log_and_readers_have_what_was_asked_for(self) -> None:
        self.world.run(self._settle())
        assert self.found.turns == self.expected.turns
        assert len(self.world.model.requests) == self.asked_before + self.expected.asked
        assert sorted(self.found.keys) == sorted(set(self.found.keys))

        for reader in self.readers:
            if isinstance(reader, Wire):
                self.world.run(self._catch_up(reader))
                self._compare(reader.seen)

    # How it is done.

    def _want(
        self, type: str, by: Transport, key: str, wish: Wish, fields: dict[str, Any],
        question: str, *, is_steer: bool = False,
    ) -> None:  # fmt: skip
        """Send a command, and expect what its key, and the room there is, make of it."""
        self.accepted: str | None = None
        known = self.expected.known(key, wish)
        answer = self._say(by, type, clientMessageId=key, **fields)
        if known == "conflict":
            assert answer["code"] == "idempotency_conflict"
        elif known is not None:
            assert (answer["turnId"], answer["duplicate"]) == (known, True)
        elif not is_steer and self.expected.is_full:
            assert answer["code"] == "queue_full"
        else:
            assert answer["type"] == "ack", answer
            self.accepted = str(answer["turnId"])
            self.expected.accept(self.accepted, key, wish, question, first=is_steer)
            if is_steer:
                assert self.expected.active is not None
                self.expected.end(self.expected.active, "steered")

    def _pick(self, messages: dict[str, str], pick: int) -> str | None:
        return list(messages.values())[pick % len(messages)] if messages else None

    def _say(self, by: Transport, type: str, **fields: object) -> Frame:
        """Send a command on a reader's socket, if that is what is drawn and there is one."""
        return self.world.run(self._through(by).say(type, **fields))

    def _through(self, by: Transport) -> Wire:
        for reader in self.readers:
            if isinstance(reader, WIRES[by]):
                return reader
        return self.poster

    def _open(self, by: Transport, seen: Seen, cursor: str | None) -> Wire:
        wire = WIRES[by](self.subject, self.session, self.subject.key, cursor=cursor, seen=seen)
        self.world.run(wire.open())
        return wire

    def _cut(self, reader: Wire | Seen) -> Seen:
        if isinstance(reader, Seen):
            return reader
        reader.cut()
        self.world.run(reader.aclose())
        return reader.seen

    @property
    def subject(self) -> Subject:
        return Subject(self.world.served.http, self.world.served.key)

    @property
    def poster(self) -> Wire:
        if self._poster is None:
            self._poster = PollWire(self.subject, self.session, self.subject.key)
        return self._poster

    async def _begin(self) -> tuple[str, LogId]:
        async with self.world.served.browse() as browser:
            session = str((await browser.post("/api/v1/conversations", json={})).json()["id"])
        self._poster: Wire | None = None
        return session, await self.world.served.log_of(session)

    async def _leave(self) -> None:
        for reader in self.readers:
            if isinstance(reader, Wire):
                reader.cut()
                await reader.aclose()
        if self._poster is not None:
            await self._poster.aclose()
        async with self.world.served.browse() as browser:
            await browser.delete(f"/api/v1/conversations/{self.session}")

    async def _settle(self) -> None:
        """Return once the log says what it must, or has had time enough to."""
        log = self.world.served.groundwire.assistant.log
        try:
            async with asyncio.timeout(SETTLE_S):
                while self.found.turns != self.expected.turns:
                    await log.wait(self.log, after=self.found.seq)
                    for each in await log.read(self.log, after=self.found.seq, limit=500):
                        self.found.add(json.loads(each.data))
                while len(self.world.model.requests) < self.asked_before + self.expected.asked:  # noqa: ASYNC110
                    await asyncio.sleep(0.001)  # nobody tells when
        except TimeoutError:
            pass

    async def _catch_up(self, reader: Wire) -> None:
        while reader.seen.seq < self.found.seq:
            await reader.receive()

    def _compare(self, seen: Seen) -> None:
        for id, turn in self.expected.turns.items():
            message = self.found.answers.get(id, "")
            assert seen.texts.get(message, "") == turn.text
            proved = sha256(turn.text.encode()).hexdigest() if turn.state == "done" else None
            assert seen.hashes.get(message) == proved


@pytest.fixture(autouse=True, scope="module")
def world() -> Iterator[None]:
    yield
    while worlds:
        worlds.pop().close()


TestAnyCommands = Conversation.TestCase
TestAnyCommands.settings = EXTENT
