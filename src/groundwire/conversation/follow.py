"""The one reader of a log: WebSocket, SSE and long-poll are mouths on it."""

from collections.abc import AsyncGenerator, Sequence

from groundwire.model.events import Recorded
from groundwire.model.ids import LogId
from groundwire.ports.event_log import EventLog

BATCH = 256


async def follow(log: EventLog, id: LogId, *, after: int) -> AsyncGenerator[Sequence[Recorded]]:
    """Yield every event past ``after`` in order: those there are, then new ones, for ever.

    Batches are never empty. The read after each wait is the only source of events and a
    wake-up is a hint, so that a lost one can delay an event but never lose, repeat or
    reorder it. Raises ``NotFound`` once the log is removed.
    """
    while True:
        batch = await log.read(id, after=after, limit=BATCH)
        if batch:
            after = batch[-1].seq
            yield batch
        else:
            await log.wait(id, after=after)
