from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from groundwire.model.feeds import Feed, FeedItem
from groundwire.model.ids import DocumentId, FeedId, WorkspaceId


class Unheld(NamedTuple):
    """A document that its feed holds no longer; ``other`` is a feed that still does."""

    document: DocumentId
    other: FeedId | None


class Feeds(Protocol):
    """Feeds and their items. All is durable on return."""

    async def add(self, feed: Feed) -> None: ...

    async def get(self, feed: FeedId) -> Feed:
        """Return it, also one that is removed. Raises ``NotFound``."""
        ...

    async def list_of(self, workspace: WorkspaceId) -> Sequence[Feed]:
        """Return the workspace's feeds that are not removed, oldest first."""
        ...

    async def list_due(self, now: datetime) -> Sequence[Feed]:
        """Return those that are to be synced by themselves by ``now``, the longest due first.

        None that is paused.
        """
        ...

    async def list_unfinished(self) -> Sequence[Feed]:
        """Return those whose sync, or whose removal, has begun and not ended; no paused sync."""
        ...

    async def change(
        self, feed: FeedId, change: Callable[[Feed], Feed], *, sync: bool = True
    ) -> Feed:
        """Store and return what ``change`` makes of it as it is now. Raises ``NotFound``.

        Without ``sync`` it may be lost with the power.
        """
        ...

    async def forget(self, feed: FeedId) -> None:
        """Delete it with its items."""
        ...

    async def list_items(self, feed: FeedId) -> Sequence[FeedItem]: ...

    async def keep(self, item: FeedItem) -> None:
        """Store the item, in place of the one with its uri."""
        ...

    async def drop(self, feed: FeedId, uris: Sequence[str]) -> None:
        """Delete these items: documents that no other one has are unheld then."""
        ...

    async def count_holders(self, document: DocumentId) -> int:
        """Return how many items of any feed have this document."""
        ...

    async def list_unheld(self, feed: FeedId) -> Sequence[Unheld]:
        """Return the documents that ``feed`` brought and has no item of any more."""
        ...
