"""How many jobs of a kind are done at once, and how one makes room for the next."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest

from groundwire.adapters.embedded.job_queue import SqliteJobQueue
from groundwire.adapters.embedded.store import Store
from groundwire.bootstrap import utc_now
from groundwire.ingest.worker import Duty, Worker
from groundwire.ports.job_queue import Job
from tests.contract.stores import MIGRATIONS

READ = "read"


class Reading:
    """Jobs with room for one: each begins, and ends when it is told to."""

    def __init__(self, jobs: SqliteJobQueue) -> None:
        self.jobs = jobs
        self.begun: list[str] = []
        self.at_once = 0
        self.most_at_once = 0
        self.news = asyncio.Event()
        self.ends: dict[str, asyncio.Event] = {}
        duty = Duty(READ, 1, self._work, self._give_up)
        self.worker = Worker(duties=[duty], jobs=jobs, name="w", look_again_s=0.05)

    async def until_begun(self, *keys: str) -> None:
        async with asyncio.timeout(10):
            while self.begun != list(keys):
                self.news.clear()
                await self.news.wait()

    async def _work(self, job: Job) -> bool:
        self.begun.append(job.key)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.ends[job.key] = asyncio.Event()
        self.news.set()
        await self.ends[job.key].wait()
        self.at_once -= 1
        return True

    async def _give_up(self, job: Job) -> None:
        raise AssertionError(job)


@pytest.fixture
async def reading(tmp_path: Path) -> AsyncIterator[Reading]:
    store = Store(tmp_path / "groundwire.db", MIGRATIONS)
    jobs = SqliteJobQueue(store, now=utc_now, new_id=lambda kind: f"{kind}_{uuid4().hex}")
    reading = Reading(jobs)
    for key in ("a", "b", "c", "d"):
        await jobs.enqueue(READ, key)
    task = asyncio.create_task(reading.worker.run())
    yield reading
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    store.close()


async def test_a_job_that_made_room_lets_one_other_begin(reading: Reading) -> None:
    await reading.until_begun("a")
    reading.worker.make_room(READ, "a")
    reading.worker.make_room(READ, "a")
    await reading.until_begun("a", "b")

    await asyncio.sleep(0.2)
    assert reading.begun == ["a", "b"]


async def test_room_that_was_made_is_not_made_again_at_the_end(reading: Reading) -> None:
    await reading.until_begun("a")
    reading.worker.make_room(READ, "a")
    await reading.until_begun("a", "b")
    reading.ends["a"].set()

    await asyncio.sleep(0.2)
    assert reading.begun == ["a", "b"]
    reading.ends["b"].set()
    await reading.until_begun("a", "b", "c")
    assert reading.most_at_once == 2


async def test_who_makes_no_room_keeps_the_others_waiting(reading: Reading) -> None:
    await reading.until_begun("a")
    reading.worker.make_room(READ, "nobody")

    await asyncio.sleep(0.2)
    assert reading.begun == ["a"]
    reading.ends["a"].set()
    await reading.until_begun("a", "b")
