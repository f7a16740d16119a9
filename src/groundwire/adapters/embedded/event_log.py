"""The log on SQLite: commit first, then publish the committed bytes."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar

import apsw
import msgspec

from groundwire.adapters.embedded.compact import compact, find_ended
from groundwire.adapters.embedded.desk import SqliteDesk, count_commit, insert, record
from groundwire.adapters.embedded.lease import Counter
from groundwire.adapters.embedded.past import keep, recall
from groundwire.adapters.embedded.remove import hide, purge
from groundwire.adapters.embedded.store import Store, select, select_one
from groundwire.adapters.embedded.watch import Watch
from groundwire.model.cursor import Head
from groundwire.model.errors import Compacted, Fenced, NotFound
from groundwire.model.events import Event, Recorded
from groundwire.model.ids import LogId, Now, WorkspaceId, workspace_log
from groundwire.model.standing import Standing
from groundwire.ports.event_log import Checkpoint, Desk, Kept, Merged, Past, Span

T = TypeVar("T")

TAIL = 512
"""How many committed events of a log stay in memory for its readers."""

AUDIT_S = 1.0
"""How often it is looked whether another process has written, while somebody waits."""

_encoder = msgspec.json.Encoder()
_EMPTY = _encoder.encode(Standing())


Told = tuple[T, WorkspaceId, Sequence[Event]]
"""What a piece of work did, and what a workspace is to be told of it."""


class Appended(NamedTuple):
    """What was added to ``log``, in the store's commit number ``commits``."""

    log: LogId
    recorded: list[Recorded]
    commits: int


class SqliteEventLog:
    """`EventLog` over a `Store`.

    ``tail`` is how many events per log are kept in memory, 0 for none; ``wakes`` false tells
    readers of no commit, so that they live by the audit alone (both are for tests).
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
        self.wakes = wakes
        self.watch = Watch(store, tail=tail, audit_s=audit_s)
        self._ended: dict[LogId, None] = {}
        self._has_ended = asyncio.Event()

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
        def work(connection: apsw.Connection) -> tuple[T, SqliteDesk, int]:
            desk = SqliteDesk(connection, log, self._now())
            return decision(desk), desk, desk.save()

        def then(done: tuple[T, SqliteDesk, int]) -> None:
            _, desk, commits = done
            self._publish(log, desk.recorded, commits)
            if desk.ends_turn:
                self._ended[log] = None
                self._has_ended.set()

        result, _, _ = await self._store.write(work, sync=sync, then=then)
        return result

    async def append(self, log: LogId, events: Sequence[Event], *, fence: int = 0) -> int:
        bodies = [_encoder.encode(event) for event in events]

        def work(connection: apsw.Connection) -> Appended:
            return self._append(connection, log, bodies, fence)

        synced = any(event.synced for event in events)
        appended = await self._store.write(work, sync=synced, then=self.show)
        return appended.recorded[-1].seq

    async def tell(
        self,
        work: Callable[[apsw.Connection], Told[T]],
        *,
        sync: bool = True,
    ) -> T:
        """Do ``work`` in the store and tell the workspace the events that it has, in one step.

        Return what it did. Raises what ``work`` raises, and ``NotFound`` as `append` does.
        """

        def told(connection: apsw.Connection) -> tuple[T, Appended | None]:
            done, workspace, events = work(connection)
            if not events:
                return done, None
            bodies = [_encoder.encode(event) for event in events]
            return done, self._append(connection, workspace_log(workspace), bodies, 0)

        def then(result: tuple[T, Appended | None]) -> None:
            if (appended := result[1]) is not None:
                self.show(appended)

        done, _ = await self._store.write(told, sync=sync, then=then)
        return done

    def show(self, appended: Appended) -> None:
        """Wake the log's readers with what is committed now. On the event loop."""
        self._publish(appended.log, appended.recorded, appended.commits)

    async def read(self, log: LogId, *, after: int, limit: int) -> Sequence[Recorded]:
        if (found := self.watch.tail(log, after, limit)) is not None:
            return found

        def stored(connection: apsw.Connection) -> list[Recorded]:
            rows = select(
                connection,
                "SELECT seq, data, first FROM events JOIN logs ON key = log_key "
                "WHERE log = ? AND seq > ? ORDER BY seq LIMIT ?",
                (log, after, limit),
            )
            if not rows and (error := _missing(connection, log)):
                raise error
            if rows and rows[0][2] is not None and rows[0][2] <= after:
                raise Compacted(rows[0][2])
            return [Recorded(seq, data) for seq, data, _ in rows]

        return await self._store.read(stored)

    async def wait(self, log: LogId, *, after: int) -> None:
        await self.watch.wait(log, after)

    async def head(self, log: LogId) -> Head:
        def stored(connection: apsw.Connection) -> Head:
            row = select_one(connection, "SELECT epoch, head FROM logs WHERE log = ?", (log,))
            if row is None:
                raise NotFound("conversation")
            return Head(*row)

        return self._store.glance(stored)

    async def recall(self, log: LogId, recollection: Callable[[Past], T]) -> T:
        return await self._store.read(lambda connection: recall(connection, log, recollection))

    async def keep(
        self, log: LogId, checkpoint: Checkpoint, messages: Sequence[Kept], *, since: int
    ) -> None:
        def work(connection: apsw.Connection) -> None:
            keep(connection, log, checkpoint, messages, since)

        # Lost with the power, it is made again.
        await self._store.write(work, sync=False)

    async def next_end(self) -> LogId:
        while not self._ended:
            self._has_ended.clear()
            await self._has_ended.wait()
        log = next(iter(self._ended))
        del self._ended[log]
        return log

    async def find_ended(self, before: datetime) -> Span | None:
        return await self._store.read(lambda connection: find_ended(connection, before))

    async def compact(self, log: LogId, merged: Sequence[Merged], *, up_to: int) -> None:
        def work(connection: apsw.Connection) -> None:
            compact(connection, log, merged, up_to)

        # Undone by a loss of power, it is done again.
        await self._store.write(work, sync=False, then=lambda _: self.watch.cut(log, up_to))

    async def list_busy(self) -> Sequence[LogId]:
        def stored(connection: apsw.Connection) -> list[LogId]:
            rows = select(connection, "SELECT log FROM logs WHERE busy = 1 ORDER BY key")
            return [LogId(log) for (log,) in rows]

        return await self._store.read(stored)

    async def remove(self, log: LogId) -> None:
        def work(connection: apsw.Connection) -> int:
            hide(connection, log)
            return count_commit(connection)

        def then(commits: int) -> None:
            self._publish(log, [], commits, gone=True)

        await self._store.write(work, then=then)
        await self.purge()

    async def purge(self) -> None:
        while await self._store.write(purge, sync=False):
            pass

    def _append(
        self, connection: apsw.Connection, log: LogId, bodies: list[bytes], fence: int
    ) -> Appended:
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
        recorded = record(bodies, head - len(bodies), envelope, self._now())
        insert(connection, key, recorded)
        return Appended(log, recorded, count_commit(connection))

    def _publish(
        self, log: LogId, recorded: list[Recorded], commits: int, *, gone: bool = False
    ) -> None:
        self._seen.value = max(self._seen.value, commits)
        if self.wakes:
            self.watch.publish(log, recorded, commits, gone=gone)


def _missing(connection: apsw.Connection, log: LogId) -> NotFound | None:
    found = select_one(connection, "SELECT 1 FROM logs WHERE log = ?", (log,))
    return None if found else NotFound("conversation")
