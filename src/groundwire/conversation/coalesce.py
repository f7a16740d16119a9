"""Fewer events that say the same: how a reader that fell behind catches up."""

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from groundwire.model.events import Recorded

MERGED = 16_384
"""How many code points a merged event holds at most: it must be small beside a send budget."""


class _Piece(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """A piece of a text as it is in the log; one with a field that is not here stays as it is."""

    type: Literal["token", "reasoning"]
    turn_id: str
    message_id: str
    content: str
    offset: int
    covers: tuple[int, int] | None = None
    session_id: str
    seq: int
    ts: str

    @property
    def first(self) -> int:
        return self.covers[0] if self.covers else self.seq

    @property
    def text(self) -> tuple[str, str, str, str]:
        """Return which text this is a piece of."""
        return self.session_id, self.turn_id, self.message_id, self.type


_Run = list[tuple[Recorded, _Piece | None]]

_decoder = msgspec.json.Decoder(_Piece)
_encoder = msgspec.json.Encoder()


def coalesce(events: Iterable[Recorded]) -> list[Recorded]:
    """Merge pieces of one text that follow on each other; whatever else there is stays.

    ``events`` are a part of a log, in order; what comes out folds into the same. A merged
    event has the joined ``content``, the ``offset`` of the first, ``seq`` and ``ts`` of the
    last, and ``covers``, the first and last seq that went into it.
    """
    return [_merge(run) for run in _runs(events)]


def _runs(events: Iterable[Recorded]) -> Iterator[_Run]:
    run: _Run = []
    length = 0
    for recorded in events:
        piece = _piece(recorded)
        size = len(piece.content) if piece else 0
        if run and not (_goes_on(run[-1][1], piece) and length + size <= MERGED):
            yield run
            run, length = [], 0
        run.append((recorded, piece))
        length += size
    if run:
        yield run


def _piece(recorded: Recorded) -> _Piece | None:
    try:
        return _decoder.decode(recorded.data)
    except msgspec.ValidationError:
        return None


def _goes_on(last: _Piece | None, next: _Piece | None) -> bool:
    return (
        last is not None
        and next is not None
        and next.text == last.text
        and next.first == last.seq + 1
        and next.offset == last.offset + len(last.content)
    )


def _merge(run: _Run) -> Recorded:
    if len(run) == 1:
        return run[0][0]
    pieces = [piece for _, piece in run if piece is not None]
    merged = msgspec.structs.replace(
        pieces[-1],
        content="".join(piece.content for piece in pieces),
        offset=pieces[0].offset,
        covers=(pieces[0].first, pieces[-1].seq),
    )
    return Recorded(merged.seq, _encoder.encode(merged))
