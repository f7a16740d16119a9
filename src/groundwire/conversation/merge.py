"""Many pieces of a text as one event, and such an event without its beginning: pure.

A merged event has all the content, the ``offset`` of the first piece, ``seq`` and ``ts`` of the
last, and ``covers``, the first and last seq that it stands for.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from groundwire.model.events import Recorded
from groundwire.ports.event_log import Merged

MOST_BYTES = 65_536
"""How much text a merged event holds at most, in UTF-8."""

# As our encoder writes them: the type comes first.
_PIECES = (b'{"type":"token",', b'{"type":"reasoning",')


class _Piece(msgspec.Struct, rename="camel"):
    type: str
    turn_id: str
    message_id: str
    content: str
    offset: int
    seq: int
    covers: tuple[int, int] | None = None

    @property
    def first(self) -> int:
        return self.covers[0] if self.covers else self.seq

    @property
    def end(self) -> int:
        """How many code points stand before what follows."""
        return self.offset + len(self.content)

    def follows(self, other: "_Piece") -> bool:
        """Whether it goes on with the text that the other is a piece of."""
        return (self.type, self.turn_id, self.message_id, self.offset) == (
            other.type,
            other.turn_id,
            other.message_id,
            other.end,
        )


_piece = msgspec.json.Decoder(_Piece)


def merge(events: Sequence[Recorded], *, more: bool) -> tuple[list[Merged], int]:
    """Return what may stand for adjacent pieces of the same text in ``events``, and up to where.

    If there are ``more`` events, pieces at the end of these are left for the next time.
    """
    runs = _runs(events)
    up_to = events[-1].seq
    if more and len(runs) > 1 and runs[-1]:
        up_to = runs.pop()[0].first - 1
    by_seq = {event.seq: event for event in events}
    return [_merge(run, by_seq) for run in runs if len(run) > 1], up_to


def rest(merged: Recorded, last: Recorded) -> Recorded:
    """Return ``merged`` without what a reader has whose last event was ``last``.

    That is one of those that it stands for.
    """
    whole, seen = _piece.decode(merged.data), _piece.decode(last.data)
    body: dict[str, Any] = msgspec.json.decode(merged.data)
    body["content"] = whole.content[seen.end - whole.offset :]
    body["offset"] = seen.end
    body["covers"] = [last.seq + 1, merged.seq]
    return Recorded(merged.seq, msgspec.json.encode(body))


def _runs(events: Sequence[Recorded]) -> list[list[_Piece]]:
    """Return the pieces that belong together; other events leave an empty run between them."""
    runs: list[list[_Piece]] = [[]]
    room = MOST_BYTES
    for event in events:
        if not event.data.startswith(_PIECES):
            runs.append([])
            continue
        piece = _piece.decode(event.data)
        size = len(piece.content.encode())
        if runs[-1] and (not piece.follows(runs[-1][-1]) or size > room):
            runs.append([])
        if not runs[-1]:
            room = MOST_BYTES
        runs[-1].append(piece)
        room -= size
    return runs


def _merge(run: Sequence[_Piece], events: dict[int, Recorded]) -> Merged:
    first, last = run[0].first, run[-1].seq
    body: dict[str, Any] = msgspec.json.decode(events[last].data)
    body["content"] = "".join(piece.content for piece in run)
    body["offset"] = run[0].offset
    body["covers"] = [first, last]
    return Merged(first=first, seq=last, data=msgspec.json.encode(body))
