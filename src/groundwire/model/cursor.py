"""Where a reader is in a log."""

from typing import NamedTuple, Self

from groundwire.model.errors import InvalidField


class Cursor(NamedTuple):
    """``epoch:seq``: the position ``seq`` in the lifetime ``epoch`` of a log.

    A position alone lies after a restore: position 40 of the restored log is another
    event than position 40 was. ``seq`` 0 is before the first event.
    """

    epoch: str
    seq: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``epoch:seq`` or a bare ``0``, which is the start of whatever there is."""
        if text == "0":
            return cls("", 0)
        epoch, colon, digits = text.rpartition(":")
        if not colon or not epoch or not digits.isdecimal() or len(digits) > 18:
            raise InvalidField("cursor", "A cursor looks like `epoch:seq`, or `0` for the start.")
        return cls(epoch, int(digits))

    def __str__(self) -> str:
        return f"{self.epoch}:{self.seq}"


class Head(NamedTuple):
    """The last position of a log; ``seq`` is 0 while the log is empty."""

    epoch: str
    seq: int


def unservable(cursor: Cursor, head: Head) -> str | None:
    """Say why ``cursor`` cannot be continued from in a log with this ``head``, if so."""
    if cursor.seq == 0 and cursor.epoch in ("", head.epoch):
        return None
    if cursor.epoch != head.epoch:
        return "epoch_changed"
    if cursor.seq > head.seq:
        return "ahead_of_head"
    return None
