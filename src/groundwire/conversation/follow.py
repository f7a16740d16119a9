"""The one reader of a log: WebSocket, SSE and long-poll are mouths on it."""

from collections.abc import AsyncGenerator, Sequence

from groundwire.conversation.fold import Fold
from groundwire.conversation.merge import rest
from groundwire.conversation.recollect import recollect
from groundwire.conversation.window import excerpt
from groundwire.model.errors import Compacted, Overloaded
from groundwire.model.events import Recorded
from groundwire.model.ids import LogId
from groundwire.ports.event_log import EventLog

BATCH = 256

HISTORY = 100
"""How many messages before a question may matter to its answer."""


async def follow(log: EventLog, id: LogId, *, after: int) -> AsyncGenerator[Sequence[Recorded]]:
    """Yield every event past ``after`` in order: those there are, then new ones, for ever.

    Batches are never empty. The read after each wait is the only source of events and a
    wake-up is a hint, so that a lost one can delay an event but never lose, repeat or
    reorder it. An event that stands for many is yielded without those of them that were
    yielded before. Raises ``NotFound`` once the log is removed.
    """
    last: Recorded | None = None
    while True:
        try:
            batch = await log.read(id, after=after, limit=BATCH)
        except Compacted as error:
            batch = await _read_on(log, id, error.first, last)
        if batch:
            last = batch[-1]
            after = last.seq
            yield batch
        else:
            await log.wait(id, after=after)


async def _read_on(
    log: EventLog, id: LogId, first: int, last: Recorded | None
) -> Sequence[Recorded]:
    """Read on within the event that was merged from ``first`` on, after ``last``."""
    if last is None:
        # It was not merged when the reader came, a moment ago. Coming again, it is told so.
        raise Overloaded("The history was put together anew here. Connect again to go on.")
    merged, *others = await log.read(id, after=first - 1, limit=BATCH)
    return [rest(merged, last), *others]


async def fold_all(log: EventLog, id: LogId) -> Fold:
    """Return what the log folds into by now, as far as its turns need it. Raises ``NotFound``.

    Of the messages there are those of the turns that are not done, and the `HISTORY` before
    each of them. What it costs does not depend on how long the conversation is.
    """
    return await recollect(log, id, lambda past: past.excerpt(excerpt(past, HISTORY)))
