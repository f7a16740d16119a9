"""Feeds that are looked at by themselves get their job when it is time."""

import asyncio
import logging
from dataclasses import dataclass

import msgspec

from groundwire.ingest.progress import job_of
from groundwire.model.errors import NotFound, Unavailable
from groundwire.model.ids import Now
from groundwire.ports.feeds import Feeds
from groundwire.ports.job_queue import JobQueue

log = logging.getLogger(__name__)

LOOK_AGAIN_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    feeds: Feeds
    jobs: JobQueue
    now: Now
    look_again_s: float = LOOK_AGAIN_S

    async def run(self) -> None:
        """Give jobs to the feeds that are due, until cancelled."""
        while True:
            try:
                await self.enqueue_due()
            except Unavailable:
                log.exception("feeds cannot be read; trying again")
            await asyncio.sleep(self.look_again_s)

    async def enqueue_due(self) -> None:
        for feed in await self.feeds.list_due(self.now()):
            await self.jobs.enqueue(job_of(feed), feed.id, lane=feed.added_by)
            try:
                # The sync says at its end when the next one is due.
                await self.feeds.change(
                    feed.id, lambda now: msgspec.structs.replace(now, next_at=None), sync=False
                )
            except NotFound:
                continue

    async def resume(self) -> None:
        """Give a job to what had begun when the process died."""
        for feed in await self.feeds.list_unfinished():
            await self.jobs.enqueue(job_of(feed), feed.id, lane=feed.added_by)
