"""What a store may put in the place of many pieces, and such an event without its beginning."""

from collections.abc import Sequence

import msgspec

from groundwire.conversation.pieces import Piece, join, piece_of, record
from groundwire.model.events import Recorded
from groundwire.ports.event_log import Merged

MOST_BYTES = 65_536
"""How much text a merged event holds at most, in UTF-8."""


def merge(events: Sequence[Recorded], *, more: bool) -> tuple[list[Merged], int]:
    """Return what may stand for adjacent pieces of the same text in ``events``, and up to where.

    If there are ``more`` events, pieces at the end of these are left for the next time.
    """
    runs = _runs(events)
    up_to = events[-1].seq
    if more and len(runs) > 1 and runs[-1]:
        up_to = runs.pop()[0].first - 1
    return [_merged(run) for run in runs if len(run) > 1], up_to


def rest(merged: Recorded, last: Recorded) -> Recorded:
    """Return ``merged`` without what a reader has whose last event was ``last``.

    That is one of those that it stands for.
    """
    whole, seen = piece_of(merged), piece_of(last)
    assert whole is not None
    assert seen is not None
    left = whole.content[seen.end - whole.offset :]
    covers = (last.seq + 1, merged.seq)
    return record(msgspec.structs.replace(whole, content=left, offset=seen.end, covers=covers))


def _runs(events: Sequence[Recorded]) -> list[list[Piece]]:
    """Return the pieces that belong together; other events leave an empty run between them."""
    runs: list[list[Piece]] = [[]]
    room = MOST_BYTES
    for event in events:
        piece = piece_of(event)
        if piece is None:
            runs.append([])
            continue
        size = len(piece.content.encode())
        if runs[-1] and (not piece.follows(runs[-1][-1]) or size > room):
            runs.append([])
        if not runs[-1]:
            room = MOST_BYTES
        runs[-1].append(piece)
        room -= size
    return runs


def _merged(run: Sequence[Piece]) -> Merged:
    joined = join(run)
    return Merged(first=run[0].first, seq=joined.seq, data=joined.data)
