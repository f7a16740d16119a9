"""Pages of what is in a log, for a client that wants more than it was sent."""

from collections.abc import Sequence

import msgspec

from groundwire.model.errors import Compacted, InvalidField
from groundwire.model.events import Recorded
from groundwire.model.ids import LogId
from groundwire.ports.event_log import EventLog
from groundwire.transport.frames import History, HistoryPage
from groundwire.transport.pages import fitting
from groundwire.transport.stamp import stamp

WIDE = 4096
"""How many positions are looked through for a full page, if there is a page at all."""


async def history(log: EventLog, id: LogId, name: str, frame: History) -> HistoryPage:
    """Return the page of the log ``id`` that is asked for. Raises ``InvalidField``."""
    if frame.before is not None and frame.after is not None:
        raise InvalidField("before", "Ask for what is `before` a seq or `after` one, not both.")
    head = await log.head(id)
    if frame.after is not None:
        events = fitting(await _read(log, id, min(frame.after, head.seq), frame.limit))
        has_more = bool(events) and events[-1].seq < head.seq
    else:
        before = head.seq + 1 if frame.before is None else min(frame.before, head.seq + 1)
        events = fitting(reversed(await _before(log, id, before, frame.limit)))[::-1]
        has_more = bool(events) and events[0].seq > (await log.read(id, after=0, limit=1))[0].seq
    return HistoryPage(
        session_id=name,
        epoch=head.epoch,
        events=[msgspec.Raw(event.data) for event in events],
        has_more=has_more,
        ref=frame.id,
        ts=stamp(),
    )


async def _before(log: EventLog, id: LogId, before: int, limit: int) -> Sequence[Recorded]:
    """Return the last events before a seq: as many as asked for, or those of a wide span.

    A merged event takes the place of many, so that there may be few in a narrow one.
    """
    span = limit
    while True:
        after = max(0, before - 1 - span)
        found = await _read(log, id, after, span)
        events = [event for event in found if event.seq < before]
        if len(events) >= limit or after == 0 or (events and span >= WIDE):
            return events[-limit:]
        span *= 2


async def _read(log: EventLog, id: LogId, after: int, limit: int) -> Sequence[Recorded]:
    """Read past ``after``; where that lies within a merged event, from this event on."""
    try:
        return await log.read(id, after=after, limit=limit)
    except Compacted as within:
        return await log.read(id, after=within.first - 1, limit=limit)
