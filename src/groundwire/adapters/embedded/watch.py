"""Those who wait for a log on SQLite to grow, and the newest committed events in memory."""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence

import apsw

from groundwire.adapters.embedded.store import Store, select_one
from groundwire.model.errors import GroundwireError
from groundwire.model.events import Recorded
from groundwire.model.ids import LogId

logger = logging.getLogger(__name__)

WATCHED = 256
"""How many logs have a tail at most; those looked at last keep theirs."""


class Watch:
    """Publishes the commits of this process, and notices those of another one.

    While anybody waits, the store is looked at once each ``audit_s``: the count of commits
    tells whether one was made that was not published here. Only then heads are read again,
    all of them at once, and only those are woken whose log has grown or gone. A log's head
    is known here to be at least what it was at the last such look.
    """

    def __init__(self, store: Store, *, tail: int, audit_s: float) -> None:
        self._store = store
        self._tail_size = tail
        self.audit_s = audit_s
        self._logs: dict[LogId, _Watched] = {}
        self._recent: dict[LogId, None] = {}
        self._published: int | None = None
        self._audit: asyncio.Task[None] | None = None

    def tail(self, log: LogId, after: int, limit: int) -> Sequence[Recorded] | None:
        """Return what follows ``after``, or ``None`` if that is not all in memory."""
        watched = self._logs.get(log)
        return None if watched is None else watched.after(after, limit)

    async def wait(self, log: LogId, after: int) -> None:
        watched = self._watch(log)
        if watched is None or watched.head > after:
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        watched.waiting.add(woken)
        if self._audit is None or self._audit.done():
            self._audit = asyncio.create_task(self._look_again(), name="audit of the log")
        try:
            await woken
        finally:
            watched.waiting.discard(woken)
            self._drop_idle(log, watched)

    def publish(
        self, log: LogId, recorded: Sequence[Recorded], commits: int, *, gone: bool = False
    ) -> None:
        """Show what was committed as the store's commit number ``commits``.

        ``gone``: it removed the log.
        """
        if self._published is not None and commits == self._published + 1:
            # Otherwise there was a commit that is not ours in between: the audit shall see it.
            self._published = commits
        if gone:
            self._forget(log)
            return
        watched = self._logs.get(log)
        if watched is not None and recorded:
            watched.extend(recorded)
            self._touch(log)
            watched.wake()

    def cut(self, log: LogId, up_to: int) -> None:
        """Let what is compacted be read from the store, where it is one event for many."""
        if watched := self._logs.get(log):
            while watched.tail and watched.tail[0].seq <= up_to:
                watched.tail.popleft()
            self._drop_idle(log, watched)

    def _watch(self, log: LogId) -> "_Watched | None":
        """Return the log's tail; ``None`` if the log is gone."""
        watched = self._logs.get(log)
        if watched is None:
            found = self._store.glance(lambda connection: _heads(connection, [log]))
            if log not in found:
                return None
            watched = self._logs[log] = _Watched(self._tail_size, found[log])
        self._touch(log)
        return watched

    def _touch(self, log: LogId) -> None:
        """Note that the log was looked at last; the one looked at first loses its tail."""
        self._recent.pop(log, None)
        self._recent[log] = None
        if len(self._recent) > WATCHED:
            oldest = next(iter(self._recent))
            del self._recent[oldest]
            if watched := self._logs.get(oldest):
                watched.tail.clear()
                self._drop_idle(oldest, watched)

    def _forget(self, log: LogId) -> None:
        """Let those who wait see for themselves that the log is gone."""
        if watched := self._logs.pop(log, None):
            watched.wake()

    def _drop_idle(self, log: LogId, watched: "_Watched") -> None:
        if not watched.waiting and not watched.tail and self._logs.get(log) is watched:
            del self._logs[log]

    async def _look_again(self) -> None:
        while True:
            await asyncio.sleep(self.audit_s)
            if not any(watched.waiting for watched in self._logs.values()):
                return
            try:
                await self._look()
            except GroundwireError as error:
                logger.warning("the log cannot be looked at: %s", error.message)

    async def _look(self) -> None:
        # In the writer's order: what this process committed before is published by now.
        commits = await self._store.write(_count, sync=False)
        if commits == self._published:
            return
        watched = dict(self._logs)
        heads = await self._store.read(lambda connection: _heads(connection, list(watched)))
        for log, each in watched.items():
            head = heads.get(log)
            if head is None:
                self._forget(log)
            elif head > each.head:
                each.head = head
                each.wake()
        self._published = commits


class _Watched:
    """The readers of one log that wait, and its tail. ``head`` is its last seq, or was."""

    def __init__(self, size: int, head: int) -> None:
        self.tail: deque[Recorded] = deque(maxlen=size)
        self.waiting: set[asyncio.Future[None]] = set()
        self.head = head

    def extend(self, recorded: Sequence[Recorded]) -> None:
        if self.tail and recorded[0].seq != self.tail[-1].seq + 1:
            # Another process wrote in between: the tail must not have a hole.
            self.tail.clear()
        self.tail.extend(recorded)
        self.head = max(self.head, recorded[-1].seq)

    def after(self, seq: int, limit: int) -> Sequence[Recorded] | None:
        if not self.tail or not self.tail[0].seq - 1 <= seq < self.tail[-1].seq:
            return None
        start = seq + 1 - self.tail[0].seq
        return [self.tail[i] for i in range(start, min(start + limit, len(self.tail)))]

    def wake(self) -> None:
        for woken in self.waiting:
            if not woken.done():
                woken.set_result(None)


def _count(connection: apsw.Connection) -> int:
    row = select_one(connection, "SELECT commits FROM lifetime")
    assert row is not None
    return int(row[0])


def _heads(connection: apsw.Connection, logs: list[LogId]) -> dict[LogId, int]:
    heads: dict[LogId, int] = {}
    for log in logs:
        row = select_one(connection, "SELECT head FROM logs WHERE log = ?", (log,))
        if row is not None:
            heads[log] = row[0]
    return heads
