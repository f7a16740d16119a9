"""Durable jobs in the SQLite file."""

import asyncio
import json
from asyncio import FIRST_COMPLETED
from collections import defaultdict
from collections.abc import Collection
from datetime import timedelta

import apsw

from groundwire.adapters.embedded.store import Store, select_one
from groundwire.model.ids import JobId, NewId, Now
from groundwire.ports.job_queue import Job

_OPEN_LANE = "INSERT INTO lanes (kind, lane, turn) VALUES (?, ?, 0) ON CONFLICT DO NOTHING"
_ENQUEUE = (
    "INSERT INTO jobs (id, kind, key, lane, batch, free_at, turn) "
    "VALUES (:id, :kind, :key, :lane, :batch, :free_at, 1 + max("
    "(SELECT reached FROM lanes WHERE kind = :kind AND lane = :lane), "
    "(SELECT ifnull(max(turn), 0) FROM jobs "
    "WHERE kind = :kind AND lane = :lane AND batch = :batch))) "
    "ON CONFLICT (kind, key) DO UPDATE SET again = worker IS NOT NULL, "
    "free_at = iif(worker IS NULL, min(free_at, excluded.free_at), free_at)"
)
# Lanes are as few as users who have work; of each only the first free job is looked for.
_NEXT = (
    "SELECT j.id, j.kind, j.key, j.attempt, j.lane, j.turn FROM lanes l JOIN jobs j ON j.number = ("
    "SELECT number FROM jobs WHERE kind = l.kind AND lane = l.lane AND free_at <= ? "
    "ORDER BY turn, number LIMIT 1) "
    "WHERE l.kind IN (SELECT value FROM json_each(?)) ORDER BY l.turn, j.number LIMIT 1"
)
_TAKE = "UPDATE jobs SET attempt = attempt + 1, worker = ?, free_at = ?, again = 0 WHERE id = ?"
_TAKE_TURN = (
    "UPDATE lanes SET turn = 1 + (SELECT max(turn) FROM lanes), reached = max(reached, ?) "
    "WHERE kind = ? AND lane = ?"
)
_HELD = "WHERE id = :id AND worker = :worker"
_FINISH = f"DELETE FROM jobs {_HELD} AND again = 0"
_FREE_AGAIN = (
    "UPDATE jobs SET worker = NULL, free_at = :now, attempt = 0, again = 0, turn = 1 + "
    f"(SELECT reached FROM lanes l WHERE l.kind = jobs.kind AND l.lane = jobs.lane) {_HELD}"
)


class SqliteJobQueue:
    """`JobQueue` over a `Store`."""

    def __init__(self, store: Store, *, now: Now, new_id: NewId) -> None:
        self._store = store
        self._now = now
        self._new_id = new_id
        # Set while a job of this kind may be free; cleared by the one who goes to look.
        self._maybe_free: dict[str, asyncio.Event] = defaultdict(asyncio.Event)

    async def enqueue(self, kind: str, key: str, *, lane: str = "", batch: str = "") -> None:
        job = {"id": self._new_id("job"), "kind": kind, "key": key, "lane": lane, "batch": batch}
        values = job | {"free_at": self._seconds()}

        def work(connection: apsw.Connection) -> None:
            connection.execute(_OPEN_LANE, (kind, lane))
            connection.execute(_ENQUEUE, values)

        await self._store.write(work, then=lambda _: self._maybe_free[kind].set())

    async def lease(
        self, *, kinds: Collection[str], worker: str, duration: timedelta
    ) -> Job | None:
        now = self._seconds()
        until = now + duration.total_seconds()
        wanted = json.dumps(sorted(kinds))

        def work(connection: apsw.Connection) -> Job | None:
            row = select_one(connection, _NEXT, (now, wanted))
            if row is None:
                return None
            id, kind, key, attempt, lane, turn = row
            connection.execute(_TAKE, (worker, until, id))
            connection.execute(_TAKE_TURN, (turn, kind, lane))
            return Job(id=JobId(id), kind=kind, key=key, attempt=attempt + 1)

        job = await self._store.write(work, sync=False)
        if job is not None:
            # There may be more where it came from.
            self._maybe_free[job.kind].set()
        return job

    async def renew(self, job: Job, *, worker: str, duration: timedelta) -> bool:
        return await self._give(job, worker, holder=worker, delay=duration)

    async def finish(self, job: Job, *, worker: str) -> None:
        held = {"id": job.id, "worker": worker, "now": self._seconds()}

        def work(connection: apsw.Connection) -> bool:
            connection.execute(_FINISH, held)
            connection.execute(_FREE_AGAIN, held)
            return connection.changes() > 0

        if await self._store.write(work, sync=False):
            self._maybe_free[job.kind].set()

    async def release(self, job: Job, *, worker: str, delay: timedelta) -> None:
        await self._give(job, worker, holder=None, delay=delay)
        self._maybe_free[job.kind].set()

    async def yield_turn(self, job: Job, *, worker: str) -> None:
        held = {"id": job.id, "worker": worker, "now": self._seconds()}

        def work(connection: apsw.Connection) -> None:
            connection.execute(_FREE_AGAIN, held)

        await self._store.write(work, sync=False)
        self._maybe_free[job.kind].set()

    async def wait(self, *, kinds: Collection[str], timeout_s: float) -> None:
        events = [self._maybe_free[kind] for kind in kinds]
        if not any(event.is_set() for event in events):
            waiting = [asyncio.ensure_future(event.wait()) for event in events]
            try:
                await asyncio.wait(waiting, timeout=timeout_s, return_when=FIRST_COMPLETED)
            finally:
                for each in waiting:
                    each.cancel()
        for event in events:
            event.clear()

    async def release_all(self) -> None:
        now = self._seconds()

        def work(connection: apsw.Connection) -> None:
            connection.execute(
                "UPDATE jobs SET worker = NULL, free_at = ? WHERE worker IS NOT NULL", (now,)
            )

        await self._store.write(work)
        for event in self._maybe_free.values():
            event.set()

    async def _give(self, job: Job, worker: str, *, holder: str | None, delay: timedelta) -> bool:
        free_at = self._seconds() + delay.total_seconds()

        def work(connection: apsw.Connection) -> bool:
            connection.execute(
                "UPDATE jobs SET worker = ?, free_at = ? WHERE id = ? AND worker = ?",
                (holder, free_at, job.id, worker),
            )
            return connection.changes() > 0

        return await self._store.write(work, sync=False)

    def _seconds(self) -> float:
        return self._now().timestamp()
