"""What is done about a conversation's log after its turns, while nobody waits for it."""

import asyncio
import logging
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from groundwire.conversation.merge import merge
from groundwire.conversation.recollect import catch_up
from groundwire.model.errors import GroundwireError, NotFound
from groundwire.model.ids import Now
from groundwire.ports.event_log import EventLog, Span

T = TypeVar("T")

logger = logging.getLogger(__name__)

BATCH = 128
"""How many events are compacted at once: a millisecond of the store's writer."""

PAUSE_S = 0.01
LOOK_S = 60.0


@dataclass(frozen=True, slots=True)
class Keeper:
    """Brings checkpoints up once a turn is done, and compacts its events a while later.

    ``compact_after_s`` is how much later at least; 0 is never.
    """

    log: EventLog
    now: Now
    compact_after_s: float

    async def run(self) -> None:
        await _tend("what was removed", self.log.purge())
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep(), name="groundwire.checkpoint")
            if self.compact_after_s > 0:
                group.create_task(self._compact(), name="groundwire.compact")

    async def compact(self) -> bool:
        """Compact what waits longest for it; ``False`` if nothing does."""
        span = await self.log.find_ended(self.now() - timedelta(seconds=self.compact_after_s))
        if span is None:
            return False
        # Removed meanwhile, there is nothing to do.
        with suppress(NotFound):
            await self._compact_span(span)
        return True

    async def _keep(self) -> None:
        while True:
            log = await self.log.next_end()
            await _tend(log, catch_up(self.log, log))

    async def _compact(self) -> None:
        while True:
            more = await _tend("the log", self.compact())
            await asyncio.sleep(PAUSE_S if more else min(LOOK_S, self.compact_after_s))

    async def _compact_span(self, span: Span) -> None:
        await catch_up(self.log, span.log)
        after = span.after
        while after < span.to:
            events = await self.log.read(span.log, after=after, limit=BATCH)
            events = [event for event in events if event.seq <= span.to]
            merged, after = merge(events, more=events[-1].seq < span.to)
            await self.log.compact(span.log, merged, up_to=after)
            if after < span.to:
                await asyncio.sleep(PAUSE_S)


async def _tend(what: str, work: Awaitable[T]) -> T | None:
    """Do what nobody waits for; ``None`` if it failed, to be done again some time."""
    try:
        return await work
    except NotFound:
        logger.debug("%s was removed meanwhile", what)
    except GroundwireError as error:
        logger.warning("%s cannot be tended: %s", what, error.message)
    except Exception:
        logger.exception("%s cannot be tended", what)
    return None
