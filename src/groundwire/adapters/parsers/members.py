"""What a file that holds other files looks like."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from groundwire.model.documents import Parsed


class Member(NamedTuple):
    """``read`` raises ``UnreadableDocument``."""

    name: str
    read: Callable[[], bytes]


class Container(NamedTuple):
    """``own`` is what the file says itself: the text of a mail."""

    members: Sequence[Member]
    own: Parsed = Parsed(blocks=())
