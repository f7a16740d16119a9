from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from typing import NamedTuple, Protocol

from groundwire.model.feeds import Feed, FeedOptions, FeedReason


class Item(NamedTuple):
    """One thing that is in a place now.

    ``uri`` tells it from the others and stays the same: an address, or a path within the place.
    ``name`` is that of a file, by which a parser knows what it may be. ``mark`` is handed back in
    the next visit. ``open`` gives its bytes, each time, also while the visit goes on; it is
    ``None`` for what is as it was when ``mark`` was made.
    """

    uri: str
    name: str
    mark: str
    open: Callable[[], AsyncIterator[bytes]] | None


class Missed(NamedTuple):
    """One thing that is not taken. What was taken of it before ``stays``, or goes."""

    uri: str
    code: FeedReason
    reason: str
    stays: bool = False


Found = Item | Missed | None


class Connector(Protocol):
    """Reads one kind of place."""

    def check(self, address: str, options: FeedOptions) -> str:
        """Return the address in its plain form, without looking there.

        Raises ``InvalidField`` for what is no address of this kind, and ``FeedFailed`` for a place
        that is not allowed.
        """
        ...

    def visit(self, feed: Feed, marks: Mapping[str, str]) -> AsyncGenerator[Found, None]:
        """Yield all that is there now, each uri once.

        ``None`` says that no item before it can be read once the visit goes on: whoever reads
        some has to be done with them first.

        ``marks`` has the mark of each item that was taken before, by its uri. What is in it and
        was not yielded by the end is gone from the place. Raises ``FeedFailed`` if the place
        cannot be read: then nothing is known of what was not yielded. ``FeedFailed`` and
        ``TooLarge`` may come while an item's bytes are read and concern that item alone.
        """
        ...
