from collections.abc import Collection
from datetime import timedelta
from typing import Protocol

import msgspec

from groundwire.model.ids import JobId


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """Work that outlives the process. ``attempt`` counts from 1."""

    id: JobId
    kind: str
    key: str
    attempt: int


class JobQueue(Protocol):
    """Durable work, done at least once, in turns between those whose work it is.

    A job is leased, renewed while it runs and finished. A lease that runs out, because its
    worker died, makes the job available again.
    """

    async def enqueue(self, kind: str, key: str, *, lane: str = "", batch: str = "") -> None:
        """Add a job, unless one of this kind and key waits: then it waits no longer.

        One that runs is done once more afterwards. ``lane`` is whose work it is, ``batch`` what
        it came with. Durable on return.
        """
        ...

    async def lease(
        self, *, kinds: Collection[str], worker: str, duration: timedelta
    ) -> Job | None:
        """Take a job of these ``kinds`` that is free, or return ``None``.

        It is of the lane whose last turn is the longest ago. Within that, batches take turns,
        each in the order in which its jobs came.
        """
        ...

    async def renew(self, job: Job, *, worker: str, duration: timedelta) -> bool:
        """Keep the lease; ``False`` means that it was lost and the work must stop."""
        ...

    async def finish(self, job: Job, *, worker: str) -> None: ...

    async def release(self, job: Job, *, worker: str, delay: timedelta) -> None:
        """Give the job back, to be tried again after ``delay``."""
        ...

    async def yield_turn(self, job: Job, *, worker: str) -> None:
        """Give the job back half done, so that others have a turn: no attempt has failed."""
        ...

    async def wait(self, *, kinds: Collection[str], timeout_s: float) -> None:
        """Return once a job of these ``kinds`` may be free. May wake for nothing."""
        ...

    async def release_all(self) -> None:
        """Free every lease: called by the one server of a data folder as it starts."""
        ...
