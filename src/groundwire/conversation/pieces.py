"""Pieces of a text as they are in a log, and how they become one: for readers and for the store."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from groundwire.model.events import Recorded


class Piece(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """A token or a piece of reasoning; one with a field that is not here stays as it is."""

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
        """The first seq that it stands for."""
        return self.covers[0] if self.covers else self.seq

    @property
    def end(self) -> int:
        """How many code points stand before what follows."""
        return self.offset + len(self.content)

    def follows(self, other: "Piece") -> bool:
        """Whether it goes on with the text that the other is a piece of, with nothing between."""
        return (
            (self.session_id, self.turn_id, self.message_id, self.type)
            == (other.session_id, other.turn_id, other.message_id, other.type)
            and self.first == other.seq + 1
            and self.offset == other.end
        )


# As our encoder writes them: the type comes first. What it is not is not decoded.
_BEGINNINGS = (b'{"type":"token",', b'{"type":"reasoning",')

_decoder = msgspec.json.Decoder(Piece)
_encoder = msgspec.json.Encoder()


def piece_of(recorded: Recorded) -> Piece | None:
    """Return the event as a piece of a text, if it is one."""
    if not recorded.data.startswith(_BEGINNINGS):
        return None
    try:
        return _decoder.decode(recorded.data)
    except msgspec.ValidationError:
        return None


def join(pieces: Sequence[Piece]) -> Recorded:
    """Return one event for pieces that follow each other.

    It has the joined ``content``, the ``offset`` of the first, ``seq`` and ``ts`` of the last,
    and ``covers``, the first and last seq that went into it.
    """
    first, last = pieces[0], pieces[-1]
    return record(
        msgspec.structs.replace(
            last,
            content="".join(piece.content for piece in pieces),
            offset=first.offset,
            covers=(first.first, last.seq),
        )
    )


def record(piece: Piece) -> Recorded:
    return Recorded(piece.seq, _encoder.encode(piece))
