"""The one reader of a log: WebSocket, SSE and long-poll are mouths on it."""

from collections.abc import AsyncGenerator, Sequence

from groundwire.conversation.fold import Fold
from groundwire.model.events import Recorded
from groundwire.model.ids import LogId
from groundwire.ports.event_log import EventLog

BATCH = 256


async def follow(
    log: EventLog, id: LogId, *, after: int, limit: int = BATCH
) -> AsyncGenerator[Sequence[Recorded]]:
    """Yield every event past ``after`` in order: those there are, then new ones, for ever.

    Batches have at most ``limit`` events and are never empty. The read after each wait is the
    only source of events and a wake-up is a hint, so that a lost one can delay an event but
    never lose, repeat or reorder it. Raises ``NotFound`` once the log is removed.
    """
    while True:
        batch = await log.read(id, after=after, limit=limit)
        if batch:
            after = batch[-1].seq
            yield batch
        else:
            await log.wait(id, after=after)


async def fold_all(log: EventLog, id: LogId) -> Fold:
    """Return what the log folds into by now. Raises ``NotFound``."""
    fold = Fold()
    while True:
        batch = await log.read(id, after=fold.seq, limit=BATCH)
        fold.add(batch)
        if len(batch) < BATCH:
            return fold
