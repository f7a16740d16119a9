"""Fewer events that say the same: how a reader that fell behind catches up."""

from collections.abc import Iterable, Iterator

from groundwire.conversation.pieces import Piece, join, piece_of
from groundwire.model.events import Recorded

MERGED = 16_384
"""How many code points a merged event holds at most: it must be small beside a send budget."""

_Run = list[tuple[Recorded, Piece | None]]


def coalesce(events: Iterable[Recorded]) -> list[Recorded]:
    """Merge pieces of one text that follow on each other; whatever else there is stays.

    ``events`` are a part of a log, in order; what comes out folds into the same.
    """
    return [_merge(run) for run in _runs(events)]


def _runs(events: Iterable[Recorded]) -> Iterator[_Run]:
    run: _Run = []
    length = 0
    for recorded in events:
        piece = piece_of(recorded)
        size = len(piece.content) if piece else 0
        if run and not (_goes_on(run[-1][1], piece) and length + size <= MERGED):
            yield run
            run, length = [], 0
        run.append((recorded, piece))
        length += size
    if run:
        yield run


def _goes_on(last: Piece | None, next: Piece | None) -> bool:
    return last is not None and next is not None and next.follows(last)


def _merge(run: _Run) -> Recorded:
    if len(run) == 1:
        return run[0][0]
    return join([piece for _, piece in run if piece is not None])
