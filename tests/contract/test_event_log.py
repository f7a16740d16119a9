"""The contract every event log keeps, checked against a list."""

import asyncio
import json
import tempfile
from collections.abc import Coroutine, Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from groundwire.adapters import embedded
from groundwire.adapters.embedded.event_log import SqliteEventLog
from groundwire.adapters.embedded.lease import Counter, Lease
from groundwire.adapters.embedded.store import Store
from groundwire.adapters.memory import MemoryEventLog
from groundwire.conversation import decide
from groundwire.conversation.follow import follow
from groundwire.model.errors import Fenced, IdempotencyConflict, NotFound
from groundwire.model.events import Done, Token
from groundwire.model.ids import (
    ConversationId,
    DocumentId,
    MessageId,
    TurnId,
    WorkspaceId,
    conversation_log,
    workspace_log,
)
from groundwire.model.standing import Active
from groundwire.model.workspace_events import DocumentParsing
from groundwire.ports.event_log import EventLog

T = TypeVar("T")
LOG = conversation_log(ConversationId("alice"))
MIGRATIONS = Path(embedded.__file__).parent / "migrations"


def now() -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC)


@contextmanager
def sqlite_log(folder: Path, *, tail: int = 512, wakes: bool = True) -> Generator[SqliteEventLog]:
    store = Store(folder / "groundwire.db", MIGRATIONS)
    lease = Lease(folder)
    try:
        yield SqliteEventLog(store, now, lease.seen, tail=tail, audit_s=0.05, wakes=wakes)
    finally:
        store.close()
        lease.release()


def question(n: int, content: str = "?", key: str | None = None) -> decide.Question:
    return decide.Question(
        turn=TurnId(f"t{n}"),
        message=MessageId(f"q{n}"),
        answer=MessageId(f"a{n}"),
        author="alice",
        content=content,
        client_message_id=key,
        queue_limit=1000,
    )


def token(active: Active, content: str) -> Token:
    return Token(
        turn_id=active.asked.turn, message_id=active.asked.answer, content=content, offset=0
    )


def done(active: Active) -> Done:
    return Done(
        turn_id=active.asked.turn,
        message_id=active.asked.answer,
        finish_reason="stop",
        content_hash=decide.EMPTY_HASH,
    )


class EventLogMachine(RuleBasedStateMachine):
    """Commands in any order against a list of the types that must be in the log."""

    def make(self) -> EventLog:
        return MemoryEventLog(now)

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.log = self.make()
        self.model: list[str] = []
        self.asked: dict[str, str] = {}
        self.active: Active | None = None
        self.waiting = 0
        self.cursor = 0
        self.run(self.log.create(LOG, name="test_123"))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def teardown(self) -> None:
        self.loop.close()

    @rule(n=st.integers(0, 5), text=st.sampled_from(["a", "b"]))
    def ask(self, n: int, text: str) -> None:
        key = f"key{n}"
        command = question(len(self.model), text, key)
        if self.asked.get(key, text) != text:
            with pytest.raises(IdempotencyConflict):
                self.run(self.log.decide(LOG, lambda desk: decide.ask(desk, command)))
            return
        accepted = self.run(self.log.decide(LOG, lambda desk: decide.ask(desk, command)))
        assert accepted.duplicate == (key in self.asked)
        if not accepted.duplicate:
            self.model.append("message.created")
            assert accepted.seq == len(self.model)
            if self.active is not None or self.waiting:
                self.model.append("status")
            self.asked[key] = text
            self.waiting += 1

    @rule()
    def start(self) -> None:
        started = self.run(self.log.decide(LOG, decide.start))
        if self.active is not None:
            assert started is None
        elif started is not None:
            self.active = started
            self.waiting -= 1

    @precondition(lambda self: self.active is not None)
    @rule(texts=st.lists(st.text(max_size=3), min_size=1, max_size=4))
    def append(self, texts: list[str]) -> None:
        assert self.active is not None
        events = [token(self.active, text) for text in texts]
        last = self.run(self.log.append(LOG, events, fence=self.active.fence))
        self.model += ["token"] * len(texts)
        assert last == len(self.model)

    @precondition(lambda self: self.active is not None)
    @rule(behind=st.integers(1, 3))
    def a_writer_with_an_old_fence_changes_nothing(self, behind: int) -> None:
        assert self.active is not None
        with pytest.raises(Fenced):
            self.run(
                self.log.append(LOG, [token(self.active, "x")], fence=self.active.fence - behind)
            )

    @precondition(lambda self: self.active is not None)
    @rule()
    def finish(self) -> None:
        active = self.active
        assert active is not None
        self.run(self.log.decide(LOG, lambda desk: decide.finish(desk, active, done(active))))
        self.model.append("done")
        self.active = None

    @rule(limit=st.integers(1, 5))
    def a_reader_resumes_where_it_stopped(self, limit: int) -> None:
        batch = self.run(self.log.read(LOG, after=self.cursor, limit=limit))
        types = [json.loads(recorded.data)["type"] for recorded in batch]
        assert types == self.model[self.cursor : self.cursor + limit]
        self.cursor += len(batch)

    @rule()
    def waiting_behind_the_head_returns(self) -> None:
        if self.cursor < len(self.model):
            self.run(asyncio.wait_for(self.log.wait(LOG, after=self.cursor), 2))

    @invariant()
    def seq_counts_from_one_without_gaps(self) -> None:
        batch = self.run(self.log.read(LOG, after=0, limit=10_000))
        assert [recorded.seq for recorded in batch] == list(range(1, len(self.model) + 1))
        assert self.run(self.log.head(LOG)).seq == len(self.model)
        for recorded in batch:
            frame = json.loads(recorded.data)
            assert (frame["seq"], frame["sessionId"]) == (recorded.seq, "test_123")


class SqliteEventLogMachine(EventLogMachine):
    tail = 512
    wakes = True

    def make(self) -> EventLog:
        self.folder = tempfile.TemporaryDirectory()
        self.open = sqlite_log(Path(self.folder.name), tail=self.tail, wakes=self.wakes)
        return self.open.__enter__()

    def teardown(self) -> None:
        self.open.__exit__(None, None, None)
        self.folder.cleanup()
        super().teardown()


class TinyTailMachine(SqliteEventLogMachine):
    tail = 2


class NoTailNoWakesMachine(SqliteEventLogMachine):
    tail = 0
    wakes = False


_few = settings(
    max_examples=12,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestMemory = EventLogMachine.TestCase
TestSqlite = SqliteEventLogMachine.TestCase
TestSqliteTinyTail = TinyTailMachine.TestCase
TestSqliteNoTailNoWakes = NoTailNoWakesMachine.TestCase
for case in (TestMemory, TestSqlite, TestSqliteTinyTail, TestSqliteNoTailNoWakes):
    case.settings = _few


@contextmanager
def two_processes(folder: Path) -> Generator[EventLog]:
    """What one process does to a log, and another one sees of it."""
    store = Store(folder / "groundwire.db", MIGRATIONS)
    with sqlite_log(folder) as here:
        there = SqliteEventLog(store, now, Counter(folder / "seen there"), audit_s=0.05)
        here.create, here.decide, here.append = there.create, there.decide, there.append
        here.remove = there.remove
        yield here
    store.close()


@pytest.fixture(params=["memory", "sqlite", "sqlite-no-tail-no-wakes", "sqlite-two-processes"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EventLog]:
    match request.param:
        case "memory":
            yield MemoryEventLog(now)
        case "sqlite-two-processes":
            with two_processes(tmp_path) as made:
                yield made
        case _:
            quiet = request.param != "sqlite"
            with sqlite_log(tmp_path, tail=0 if quiet else 512, wakes=not quiet) as made:
                yield made


async def test_many_writers_and_late_readers_see_one_order(log: EventLog) -> None:
    await log.create(LOG, name="test_123")
    await log.decide(LOG, lambda desk: decide.ask(desk, question(1)))
    active = await log.decide(LOG, decide.start)
    assert active is not None

    async def write(name: str) -> None:
        for n in range(20):
            await log.append(LOG, [token(active, f"{name}{n}")], fence=active.fence)

    async def read(after: int) -> list[bytes]:
        seen: list[bytes] = []
        async for batch in follow(log, LOG, after=after):
            seen += [recorded.data for recorded in batch]
            if batch[-1].seq == 1 + 5 * 20:
                return seen
        return seen

    readers = [asyncio.create_task(read(after)) for after in (0, 1, 7, 50)]
    await asyncio.gather(*(write(name) for name in "abcde"))
    whole, *rest = await asyncio.wait_for(asyncio.gather(*readers), 10)
    assert len(whole) == 101
    for after, part in zip((1, 7, 50), rest, strict=True):
        assert part == whole[after:]


async def test_a_reader_of_a_removed_log_is_told(log: EventLog) -> None:
    await log.create(LOG, name="test_123")
    reader = asyncio.ensure_future(anext(follow(log, LOG, after=0)))
    await asyncio.sleep(0)
    await log.remove(LOG)
    with pytest.raises(NotFound):
        await asyncio.wait_for(reader, 5)


async def test_of_a_removed_log_nothing_is_found_and_a_new_one_begins_anew(log: EventLog) -> None:
    await log.create(LOG, name="test_123")
    await log.decide(LOG, lambda desk: decide.ask(desk, question(1, key="key1")))
    before = await log.head(LOG)
    await log.remove(LOG)
    await log.remove(LOG)

    with pytest.raises(NotFound):
        await log.head(LOG)
    with pytest.raises(NotFound):
        await log.recall(LOG, lambda past: past.head)
    with pytest.raises(NotFound):
        await log.decide(LOG, decide.start)
    assert await log.list_busy() == []
    await log.create(LOG, name="test_123")
    accepted = await log.decide(LOG, lambda desk: decide.ask(desk, question(1, "!", key="key1")))
    assert (accepted.seq, accepted.duplicate) == (1, False)
    assert (await log.head(LOG)).epoch != before.epoch


async def test_a_workspace_has_a_log_without_turns(log: EventLog) -> None:
    documents = workspace_log(WorkspaceId("w1"))
    await log.create(documents, name="w1")
    event = DocumentParsing(document_id=DocumentId("d1"), title="report.pdf")
    assert await log.append(documents, [event]) == 1
    (recorded,) = await log.read(documents, after=0, limit=10)
    assert json.loads(recorded.data)["workspaceId"] == "w1"


async def test_a_decision_that_raises_stores_nothing(log: EventLog) -> None:
    await log.create(LOG, name="test_123")

    def ask_and_fail(desk: decide.Desk) -> None:
        decide.ask(desk, question(1))
        raise NotFound("thing")

    with pytest.raises(NotFound):
        await log.decide(LOG, ask_and_fail)
    assert (await log.head(LOG)).seq == 0
    assert await log.list_busy() == []
