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


async def follow(
    log: EventLog, id: LogId, *, after: int, limit: int = BATCH
) -> AsyncGenerator[Sequence[Recorded]]:
    """Yield every event past ``after`` in order: those there are, then new ones, for ever.

    Batches have at most ``limit`` events and are never empty. The read after each wait is the
    only source of events and a wake-up is a hint, so that a lost one can delay an event but
    never lose, repeat or reorder it. Of an event that stands for many, those are left out that
    were yielded before. Raises ``NotFound`` once the log is removed.
    """
    last: Recorded | None = None
    while True:
        try:
            batch = await log.read(id, after=after, limit=limit)
        except Compacted as error:
            if last is None:
                # It was not merged when the reader came, a moment ago; now it would be told so.
                raise Overloaded("The history has changed here. Connect again to go on.") from error
            merged, *others = await log.read(id, after=error.first - 1, limit=limit)
            batch = [rest(merged, last), *others]
        if batch:
            last = batch[-1]
            after = last.seq
            yield batch
        else:
            await log.wait(id, after=after)


async def fold_all(log: EventLog, id: LogId) -> Fold:
    """Return what the log folds into by now, as far as its turns need it. Raises ``NotFound``.

    Of the messages there are those of the turns that are not done, and the `HISTORY` before
    each of them. What it costs does not depend on how long the conversation is.
    """
    return await recollect(log, id, lambda past: past.excerpt(excerpt(past, HISTORY)))
