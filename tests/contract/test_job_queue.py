import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from groundwire.adapters.embedded import store as store_module
from groundwire.adapters.embedded.job_queue import SqliteJobQueue
from groundwire.adapters.embedded.store import Store
from groundwire.ports.job_queue import Job

MINUTE = timedelta(minutes=1)
KINDS = ("parse", "embed")


class Clock:
    def __init__(self) -> None:
        self.time = datetime(2026, 11, 22, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "jobs.db", Path(store_module.__file__).parent / "migrations")
    yield store
    store.close()


@pytest.fixture
def jobs(store: Store, clock: Clock) -> SqliteJobQueue:
    numbers = count(1)
    return SqliteJobQueue(store, now=clock, new_id=lambda prefix: f"{prefix}_{next(numbers)}")


async def lease_key(jobs: SqliteJobQueue, *kinds: str, worker: str = "w1") -> str | None:
    job = await jobs.lease(kinds=kinds or KINDS, worker=worker, duration=MINUTE)
    return job.key if job else None


async def test_jobs_are_leased_in_the_order_they_came(jobs: SqliteJobQueue) -> None:
    for key in ("a", "b", "c"):
        await jobs.enqueue("parse", key)

    assert [await lease_key(jobs) for _ in range(4)] == ["a", "b", "c", None]


async def take(jobs: SqliteJobQueue, worker: str = "w1") -> Job:
    job = await jobs.lease(kinds=KINDS, worker=worker, duration=MINUTE)
    assert job
    return job


async def test_a_job_that_waits_is_not_added_again(jobs: SqliteJobQueue) -> None:
    await jobs.enqueue("parse", "a")
    await jobs.enqueue("parse", "a")

    assert await lease_key(jobs) == "a"
    assert await lease_key(jobs) is None


async def test_a_job_that_is_asked_for_while_it_runs_is_done_once_more(
    jobs: SqliteJobQueue,
) -> None:
    await jobs.enqueue("parse", "a")
    job = await take(jobs)
    await jobs.enqueue("parse", "a")
    await jobs.enqueue("parse", "a")
    assert await lease_key(jobs) is None

    await jobs.finish(job, worker="w1")

    again = await take(jobs)
    assert (again.key, again.attempt) == ("a", 1)
    await jobs.finish(again, worker="w1")
    assert await lease_key(jobs) is None


async def test_a_job_that_waits_out_its_delay_is_free_once_it_is_asked_for(
    jobs: SqliteJobQueue,
) -> None:
    await jobs.enqueue("parse", "a")
    await jobs.release(await take(jobs), worker="w1", delay=MINUTE)
    assert await lease_key(jobs) is None

    await jobs.enqueue("parse", "a")

    assert await lease_key(jobs) == "a"


async def test_users_take_turns_however_much_each_has(jobs: SqliteJobQueue) -> None:
    for number in range(1000):
        await jobs.enqueue("parse", f"import{number}", lane="ada")
    assert await lease_key(jobs) == "import0"
    for key in ("upload", "second"):
        await jobs.enqueue("parse", key, lane="bob")

    taken = [await lease_key(jobs) for _ in range(5)]

    assert taken == ["upload", "import1", "second", "import2", "import3"]


async def test_what_a_user_brings_while_a_batch_of_his_is_done_takes_turns_with_it(
    jobs: SqliteJobQueue,
) -> None:
    for key in ("f1", "f2", "f3", "f4"):
        await jobs.enqueue("parse", key, lane="one", batch="folder")
    assert await lease_key(jobs) == "f1"

    for key in ("g1", "g2"):
        await jobs.enqueue("parse", key, lane="one", batch="other")

    assert [await lease_key(jobs) for _ in range(5)] == ["f2", "g1", "f3", "g2", "f4"]


async def test_one_that_is_half_done_lets_the_same_user_s_others_go_first(
    jobs: SqliteJobQueue,
) -> None:
    await jobs.enqueue("embed", "large", lane="one", batch="a")
    await jobs.enqueue("embed", "small", lane="one", batch="b")
    large = await take(jobs)

    await jobs.yield_turn(large, worker="w1")

    assert [await lease_key(jobs) for _ in range(2)] == ["small", "large"]


async def test_kinds_have_turns_of_their_own(jobs: SqliteJobQueue) -> None:
    for kind in KINDS:
        await jobs.enqueue(kind, "a", lane="ada")
        await jobs.enqueue(kind, "b", lane="bob")

    assert [await lease_key(jobs, "parse") for _ in range(2)] == ["a", "b"]
    assert [await lease_key(jobs, "embed") for _ in range(2)] == ["a", "b"]


async def test_a_job_that_yields_its_turn_is_no_failed_attempt(jobs: SqliteJobQueue) -> None:
    await jobs.enqueue("embed", "long", lane="ada")
    await jobs.enqueue("embed", "short", lane="bob")
    long = await take(jobs)

    await jobs.yield_turn(long, worker="w1")

    assert not await jobs.renew(long, worker="w1", duration=MINUTE)
    assert await lease_key(jobs) == "short"
    assert (await take(jobs)).attempt == 1


async def test_only_the_kinds_asked_for_are_leased(jobs: SqliteJobQueue) -> None:
    await jobs.enqueue("embed", "a")

    assert await lease_key(jobs, "parse") is None
    assert await lease_key(jobs, "embed") == "a"


async def test_a_lease_that_ran_out_makes_the_job_available(
    jobs: SqliteJobQueue, clock: Clock
) -> None:
    await jobs.enqueue("parse", "a")
    lost = await jobs.lease(kinds=KINDS, worker="w1", duration=MINUTE)
    assert lost
    clock.time += MINUTE

    taken = await jobs.lease(kinds=KINDS, worker="w2", duration=MINUTE)

    assert taken
    assert (taken.key, taken.attempt) == ("a", 2)
    assert not await jobs.renew(lost, worker="w1", duration=MINUTE)
    await jobs.finish(lost, worker="w1")
    assert await jobs.renew(taken, worker="w2", duration=MINUTE)


async def test_a_renewed_lease_holds(jobs: SqliteJobQueue, clock: Clock) -> None:
    await jobs.enqueue("parse", "a")
    job = await jobs.lease(kinds=KINDS, worker="w1", duration=MINUTE)
    assert job
    clock.time += MINUTE / 2
    assert await jobs.renew(job, worker="w1", duration=MINUTE)
    clock.time += MINUTE / 2

    assert await lease_key(jobs, worker="w2") is None


async def test_a_finished_job_is_gone_and_may_come_again(jobs: SqliteJobQueue) -> None:
    await jobs.enqueue("parse", "a")
    job = await jobs.lease(kinds=KINDS, worker="w1", duration=MINUTE)
    assert job
    await jobs.finish(job, worker="w1")
    assert not await jobs.renew(job, worker="w1", duration=MINUTE)

    await jobs.enqueue("parse", "a")

    assert await lease_key(jobs) == "a"


async def test_a_released_job_comes_back_after_its_delay(
    jobs: SqliteJobQueue, clock: Clock
) -> None:
    await jobs.enqueue("parse", "a")
    job = await jobs.lease(kinds=KINDS, worker="w1", duration=MINUTE)
    assert job
    await jobs.release(job, worker="w1", delay=timedelta(seconds=5))
    assert await lease_key(jobs) is None

    clock.time += timedelta(seconds=5)

    assert await lease_key(jobs) == "a"


async def test_release_all_frees_what_a_dead_worker_held(jobs: SqliteJobQueue) -> None:
    await jobs.enqueue("parse", "a")
    assert await lease_key(jobs) == "a"

    await jobs.release_all()

    assert await lease_key(jobs, worker="w2") == "a"


async def test_jobs_outlive_the_process(tmp_path: Path, clock: Clock) -> None:
    folder = Path(store_module.__file__).parent / "migrations"
    first = Store(tmp_path / "again.db", folder)
    await SqliteJobQueue(first, now=clock, new_id=lambda prefix: prefix).enqueue("parse", "a")
    first.close()

    second = Store(tmp_path / "again.db", folder)
    key = await lease_key(SqliteJobQueue(second, now=clock, new_id=lambda prefix: prefix))
    second.close()

    assert key == "a"


async def test_an_enqueued_job_wakes_the_one_who_waits(jobs: SqliteJobQueue) -> None:
    assert await lease_key(jobs) is None
    await jobs.enqueue("parse", "a")

    await jobs.wait(kinds=KINDS, timeout_s=60)

    assert await lease_key(jobs) == "a"


async def test_waiting_ends_without_a_job_too(jobs: SqliteJobQueue) -> None:
    await jobs.wait(kinds=KINDS, timeout_s=0.01)


async def test_every_waiting_worker_learns_of_its_job(jobs: SqliteJobQueue) -> None:
    async def work(worker: str) -> str:
        while True:
            key = await lease_key(jobs, "parse", worker=worker)
            if key:
                return key
            await jobs.wait(kinds=("parse",), timeout_s=60)

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        workers = [group.create_task(work(f"w{number}")) for number in range(4)]
        for number in range(4):
            await jobs.enqueue("parse", f"d{number}")

    assert {task.result() for task in workers} == {"d0", "d1", "d2", "d3"}
