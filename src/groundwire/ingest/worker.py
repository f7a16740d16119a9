"""The worker: takes jobs, a few at a time, for as long as the server runs."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, NamedTuple

from groundwire.model.errors import Unavailable
from groundwire.ports.job_queue import Job, JobQueue

Outcome = Literal["done", "more", "lost"]

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
# Another process of this folder may have enqueued: look again without being woken.
LOOK_AGAIN_S = 1.0
MAX_FAULTS = 5


class Duty(NamedTuple):
    """What is done for the jobs of one ``kind``, as many as ``room`` at once.

    ``work`` says whether all is done, or there is more for another turn. ``give_up`` tells those
    who wait that a fault of ours stays.
    """

    kind: str
    room: int
    work: Callable[[Job], Coroutine[None, None, bool]]
    give_up: Callable[[Job], Awaitable[None]]


@dataclass(slots=True, kw_only=True)
class Worker:
    """Leases jobs of the kinds of its ``duties``, each kind with its own room.

    So parsing never waits for embedding, and a new file is found by its words at once. ``name``
    is that of this process among the workers.
    """

    duties: Sequence[Duty]
    jobs: JobQueue
    name: str
    lease: timedelta = LEASE
    look_again_s: float = LOOK_AGAIN_S
    _running: dict[str, asyncio.Future[bool]] = field(
        default_factory=dict[str, "asyncio.Future[bool]"]
    )
    # What each job has of the room of its kind; closed once, it is free for another.
    _places: dict[str, ExitStack] = field(default_factory=dict[str, ExitStack])

    def make_room(self, kind: str, key: str) -> None:
        """Let the next job of ``kind`` begin, though that of ``key`` is not done.

        Called when what is left of it needs no place of the room.
        """
        if place := self._places.get(f"{kind}:{key}"):
            place.close()

    def stop(self, key: str) -> None:
        """End what is being done with a document or a feed; its state says already why.

        Called after the state has changed, so that nobody takes the work up again.
        """
        for duty in self.duties:
            if task := self._running.get(f"{duty.kind}:{key}"):
                task.cancel()

    async def run(self) -> None:
        """Work until cancelled; jobs that run then are given back at once."""
        async with asyncio.TaskGroup() as group:
            for duty in self.duties:
                group.create_task(self._work(duty))

    async def _work(self, duty: Duty) -> None:
        """Lease one job after another while there is room: who waits for work is one, not all."""
        room = asyncio.Semaphore(duty.room)

        async def do(job: Job) -> None:
            name = f"{job.kind}:{job.key}"
            with ExitStack() as place:
                place.callback(room.release)
                self._places[name] = place
                try:
                    await self._do(duty, job)
                finally:
                    self._places.pop(name, None)

        async with asyncio.TaskGroup() as group:
            while True:
                await room.acquire()
                group.create_task(do(await self._next(duty.kind)))

    async def _next(self, kind: str) -> Job:
        """Return the next job of ``kind``, once there is one."""
        kinds = (kind,)
        while True:
            try:
                job = await self.jobs.lease(kinds=kinds, worker=self.name, duration=self.lease)
            except Unavailable:
                log.exception("jobs cannot be read; trying again")
                await asyncio.sleep(self.look_again_s)
                continue
            if job is not None:
                return job
            await self.jobs.wait(kinds=kinds, timeout_s=self.look_again_s)

    async def _do(self, duty: Duty, job: Job) -> None:
        """Do ``job`` under its lease; whatever comes of it, the worker goes on."""
        try:
            match await self._while_held(job, duty.work(job)):
                case "done":
                    await self.jobs.finish(job, worker=self.name)
                case "more":
                    await self.jobs.yield_turn(job, worker=self.name)
                case "lost":
                    pass
        except asyncio.CancelledError:
            with suppress(Unavailable):
                await asyncio.shield(self._give_back(job, timedelta()))
            raise
        except Unavailable as error:
            log.warning("%s of %s waits: %s", job.kind, job.key, error.message)
            await self._give_back(job, backoff(job.attempt))
        except Exception:
            log.exception("%s of %s failed", job.kind, job.key)
            await self._after_fault(duty, job)

    async def _while_held(self, job: Job, work: Coroutine[None, None, bool]) -> Outcome:
        """Do ``work`` while the lease is renewed."""
        task = asyncio.ensure_future(work)
        self._running[f"{job.kind}:{job.key}"] = task
        try:
            while not task.done():
                await asyncio.wait((task,), timeout=self.lease.total_seconds() / 3)
                if not task.done() and not await self.jobs.renew(
                    job, worker=self.name, duration=self.lease
                ):
                    return "lost"
            if task.cancelled():
                return "done"  # by `stop`
            return "done" if task.result() else "more"
        finally:
            del self._running[f"{job.kind}:{job.key}"]
            if not task.done():
                task.cancel()
                await asyncio.wait((task,))

    async def _after_fault(self, duty: Duty, job: Job) -> None:
        """A fault of ours may pass; one that stays ends the job."""
        with suppress(Unavailable):
            if job.attempt < MAX_FAULTS:
                await self._give_back(job, backoff(job.attempt))
            else:
                await duty.give_up(job)
                await self.jobs.finish(job, worker=self.name)

    async def _give_back(self, job: Job, delay: timedelta) -> None:
        await self.jobs.release(job, worker=self.name, delay=delay)


def backoff(attempt: int) -> timedelta:
    """Return 1, 2, 4 and up to 60 seconds for attempts 1, 2, 3 and up."""
    return timedelta(seconds=min(60, 2 ** min(attempt - 1, 6)))
