"""What a session hands out, wherever its work is done."""

from collections.abc import AsyncGenerator

import msgspec

Events = AsyncGenerator[bytes]
"""Events as they are in the log, encoded."""


class Taken(msgspec.Struct, frozen=True):
    """A document as its upload returned it."""

    id: str
    searchable: str
