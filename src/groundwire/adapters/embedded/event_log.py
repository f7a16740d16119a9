"""The log on SQLite: commit first, then publish the committed bytes."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

import apsw
import msgspec

from groundwire.adapters.embedded.lease import Counter
from groundwire.adapters.embedded.store import Store, select, select_one
from groundwire.model.cursor import Head
from groundwire.model.errors import Fenced, NotFound
from groundwire.model.events import ConversationEvent, Event, Recorded
from groundwire.model.ids import LogId, Now
from groundwire.model.standing import Asked, Standing
from groundwire.ports.event_log import Desk

T = TypeVar("T")

TAIL = 512
"""How many committed events of a log stay in memory for its readers."""

WATCHED = 256
"""How many logs have such a tail at most; those looked at last keep theirs."""

AUDIT_S = 1.0
"""A reader looks again after this long without a wake-up: another process may have written."""

_encoder = msgspec.json.Encoder()
_standing = msgspec.json.Decoder(Standing)
_EMPTY = _encoder.encode(Standing())


class SqliteEventLog:
    """`EventLog` over a `Store`.

    ``tail`` is how many events per log are kept in memory, 0 for none; ``wakes`` false drops
    every wake-up, so that readers live by the audit alone (both are for tests).
    """

    def __init__(
        self,
        store: Store,
        now: Now,
        seen: Counter,
        *,
        tail: int = TAIL,
        audit_s: float = AUDIT_S,
        wakes: bool = True,
    ) -> None:
        self._store = store
        self._now = now
        self._seen = seen
        self._tail_size = tail
        self._audit_s = audit_s
        self.wakes = wakes
        self._watched: dict[LogId, _Watched] = {}

    async def create(self, log: LogId, *, name: str) -> None:
        field = "sessionId" if log.startswith("conversation:") else "workspaceId"
        envelope = b'"%s":%s' % (field.encode(), _encoder.encode(name))

        def insert(connection: apsw.Connection) -> None:
            connection.execute(
                "INSERT INTO logs (log, envelope, epoch, standing) "
                "VALUES (?, ?, lower(hex(randomblob(5))), ?) ON CONFLICT (log) DO NOTHING",
                (log, envelope, _EMPTY),
            )

        # An empty log: what is first said in it is synced, and the log with it.
        await self._store.write(insert, sync=False)

    async def decide(self, log: LogId, decision: Callable[[Desk], T], *, sync: bool = True) -> T:
        def work(connection: apsw.Connection) -> tuple[T, list[Recorded], int]:
            desk = _SqliteDesk(connection, log, self._now())
            result = decision(desk)
            return result, desk.recorded, desk.save()

        def then(done: tuple[T, list[Recorded], int]) -> None:
            self._publish(log, done[1], done[2])

        result, _, _ = await self._store.write(work, sync=sync, then=then)
        return result

    async def append(self, log: LogId, events: Sequence[Event], *, fence: int = 0) -> int:
        bodies = [_encoder.encode(event) for event in events]

        def work(connection: apsw.Connection) -> tuple[list[Recorded], int]:
            row = select_one(
                connection,
                "UPDATE logs SET head = head + ? WHERE log = ? "
                "AND (busy = 1 AND fence = ? OR ? = 0 AND substr(log, 1, 10) = 'workspace:') "
                "RETURNING key, head, envelope",
                (len(bodies), log, fence, fence),
            )
            if row is None:
                raise _missing(connection, log) or Fenced()
            key, head, envelope = row
            recorded = _record(bodies, head - len(bodies), envelope, self._now())
            _insert(connection, key, recorded)
            return recorded, _count_commit(connection)

        def then(done: tuple[list[Recorded], int]) -> None:
            self._publish(log, *done)

        synced = any(event.synced for event in events)
        recorded, _ = await self._store.write(work, sync=synced, then=then)
        return recorded[-1].seq

    async def read(self, log: LogId, *, after: int, limit: int) -> Sequence[Recorded]:
        watched = self._watched.get(log)
        if watched is not None and (found := watched.after(after, limit)) is not None:
            return found

        def stored(connection: apsw.Connection) -> list[Recorded]:
            rows = select(
                connection,
                "SELECT seq, data FROM events JOIN logs ON key = log_key "
                "WHERE log = ? AND seq > ? ORDER BY seq LIMIT ?",
                (log, after, limit),
            )
            if not rows and (error := _missing(connection, log)):
                raise error
            return [Recorded(seq, data) for seq, data in rows]

        return await self._store.read(stored)

    async def wait(self, log: LogId, *, after: int) -> None:
        watched = self._watch(log)
        if watched.head > after:
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        watched.waiting.add(woken)
        try:
            async with asyncio.timeout(self._audit_s):
                await woken
        except TimeoutError:
            # What is read after an audit may have come from another process.
            watched.forget()
        finally:
            watched.waiting.discard(woken)
            if not watched.waiting and not watched.tail and self._watched.get(log) is watched:
                del self._watched[log]

    async def head(self, log: LogId) -> Head:
        def stored(connection: apsw.Connection) -> Head:
            row = select_one(connection, "SELECT epoch, head FROM logs WHERE log = ?", (log,))
            if row is None:
                raise NotFound("conversation")
            return Head(*row)

        return self._store.glance(stored)

    async def list_busy(self) -> Sequence[LogId]:
        def stored(connection: apsw.Connection) -> list[LogId]:
            rows = select(connection, "SELECT log FROM logs WHERE busy = 1 ORDER BY key")
            return [LogId(log) for (log,) in rows]

        return await self._store.read(stored)

    async def remove(self, log: LogId) -> None:
        def delete(connection: apsw.Connection) -> None:
            connection.execute("DELETE FROM logs WHERE log = ?", (log,))

        def then(_: None) -> None:
            if watched := self._watched.pop(log, None):
                watched.wake()

        await self._store.write(delete, then=then)

    def _watch(self, log: LogId) -> "_Watched":
        """Return the log's tail, as the one that was looked at last."""
        watched = self._watched.pop(log, None) or _Watched(self._tail_size)
        self._watched[log] = watched
        for oldest in list(self._watched)[: len(self._watched) - WATCHED]:
            # Whoever waits looks again at each audit: behind the first of them all are live.
            if self._watched[oldest].waiting:
                break
            del self._watched[oldest]
        return watched

    def _publish(self, log: LogId, recorded: list[Recorded], commits: int) -> None:
        self._seen.value = max(self._seen.value, commits)
        watched = self._watched.get(log)
        if watched is None or not recorded:
            return
        watched.extend(recorded)
        if self.wakes:
            watched.wake()


class _Watched:
    """The readers of one log that wait, and the newest committed events in memory."""

    def __init__(self, size: int) -> None:
        self.tail: deque[Recorded] = deque(maxlen=size)
        self.waiting: set[asyncio.Future[None]] = set()
        self.head = 0

    def extend(self, recorded: list[Recorded]) -> None:
        if self.tail and recorded[0].seq != self.tail[-1].seq + 1:
            # Another process wrote in between: the tail must not have a hole.
            self.tail.clear()
        self.tail.extend(recorded)
        self.head = recorded[-1].seq

    def after(self, seq: int, limit: int) -> Sequence[Recorded] | None:
        """Return what follows ``seq``, or ``None`` if that is not all in memory."""
        if not self.tail or not self.tail[0].seq - 1 <= seq < self.tail[-1].seq:
            return None
        start = seq + 1 - self.tail[0].seq
        return [self.tail[i] for i in range(start, min(start + limit, len(self.tail)))]

    def forget(self) -> None:
        self.tail.clear()
        self.head = 0

    def wake(self) -> None:
        for woken in self.waiting:
            if not woken.done():
                woken.set_result(None)


class _SqliteDesk:
    """`Desk` inside a transaction of the writer."""

    def __init__(self, connection: apsw.Connection, log: LogId, at: datetime) -> None:
        row = select_one(
            connection,
            "SELECT key, head, envelope, fence, standing FROM logs WHERE log = ?",
            (log,),
        )
        if row is None:
            raise NotFound("conversation")
        self._connection = connection
        self._at = at
        self._key: int = row[0]
        self._head: int = row[1]
        self._envelope: bytes = row[2]
        self._fence: int = row[3]
        self.standing = _standing.decode(row[4])
        self.recorded: list[Recorded] = []

    def append(self, event: ConversationEvent) -> int:
        self.recorded += _record([_encoder.encode(event)], self._head, self._envelope, self._at)
        self._head += 1
        return self._head

    def next_fence(self) -> int:
        self._fence += 1
        return self._fence

    def find_asked(self, author: str, client_message_id: str) -> Asked | None:
        row = select_one(
            self._connection,
            "SELECT digest, turn, seq FROM asked "
            "WHERE log_key = ? AND author = ? AND client_message_id = ?",
            (self._key, author, client_message_id),
        )
        if row is None:
            return None
        digest, turn, seq = row
        return Asked(
            author=author,
            client_message_id=client_message_id,
            digest=digest,
            turn=turn,
            seq=seq,
        )

    def remember(self, asked: Asked) -> None:
        self._connection.execute(
            "INSERT INTO asked VALUES (?, ?, ?, ?, ?, ?)",
            (
                self._key,
                asked.author,
                asked.client_message_id,
                asked.digest,
                asked.turn,
                asked.seq,
            ),
        )

    def save(self) -> int:
        """Store what the decision did; return the count of commits."""
        _insert(self._connection, self._key, self.recorded)
        self._connection.execute(
            "UPDATE logs SET head = ?, fence = ?, busy = ?, standing = ? WHERE key = ?",
            (
                self._head,
                self._fence,
                int(self.standing.is_busy),
                _encoder.encode(self.standing),
                self._key,
            ),
        )
        return _count_commit(self._connection)


def _record(bodies: list[bytes], after: int, envelope: bytes, at: datetime) -> list[Recorded]:
    """Close each JSON object with its envelope; what comes out is what readers are sent."""
    ts = at.isoformat(timespec="milliseconds").replace("+00:00", "Z").encode()
    return [
        Recorded(seq, b'%s,%s,"seq":%d,"ts":"%s"}' % (body[:-1], envelope, seq, ts))
        for seq, body in enumerate(bodies, start=after + 1)
    ]


def _insert(connection: apsw.Connection, key: int, recorded: list[Recorded]) -> None:
    connection.executemany(
        "INSERT INTO events VALUES (?, ?, ?)", [(key, event.seq, event.data) for event in recorded]
    )


def _count_commit(connection: apsw.Connection) -> int:
    rows = select(connection, "UPDATE lifetime SET commits = commits + 1 RETURNING commits")
    return rows[0][0]


def _missing(connection: apsw.Connection, log: LogId) -> NotFound | None:
    found = select_one(connection, "SELECT 1 FROM logs WHERE log = ?", (log,))
    return None if found else NotFound("conversation")
