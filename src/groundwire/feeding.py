"""The feeds of workspaces: the use cases around places that documents are kept up with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from groundwire.access.authorize import require
from groundwire.ingest.intake import Intake
from groundwire.ingest.progress import job_of
from groundwire.model.access import Identity
from groundwire.model.errors import Conflict, InvalidField, NotFound
from groundwire.model.feeds import Feed, FeedKind, FeedOptions
from groundwire.model.ids import FeedId, NewId, Now, WorkspaceId
from groundwire.ports.documents import Workspaces

MOST_FEEDS = 200
MAX_ADDRESS = 2048
# A folder is watched; who has a web site is not to be asked more often than this.
WATCH_S = 5.0
LEAST_S: dict[FeedKind, float] = {"page": 300.0, "site": 300.0, "repository": 60.0, "folder": 1.0}

_change = msgspec.structs.replace


@dataclass(frozen=True, slots=True)
class Feeding:
    """All of it is for those who may write in the workspace."""

    workspaces: Workspaces
    intake: Intake
    now: Now
    new_id: NewId

    async def add(
        self,
        identity: Identity,
        workspace: WorkspaceId,
        *,
        kind: FeedKind,
        address: str,
        options: FeedOptions,
        interval_s: float | None,
    ) -> Feed:
        """Add a place and begin to take its documents in.

        Without ``interval_s`` a folder is watched and anything else is synced by hand; 0 is by
        hand. Raises ``InvalidField``, ``FeedFailed`` for a place that is not allowed, and
        ``Conflict`` for one that the workspace has.
        """
        await require(self.workspaces, identity, "document:write", workspace)
        if len(address) > MAX_ADDRESS:
            raise InvalidField("address", f"An address has at most {MAX_ADDRESS} characters.")
        address = self.intake.sync.connectors[kind].check(address.strip(), options)
        await self._require_new(workspace, kind, address)
        if interval_s is None and kind == "folder":
            interval_s = WATCH_S
        feed = Feed(
            id=FeedId(self.new_id("f")),
            workspace=workspace,
            kind=kind,
            address=address,
            added_by=identity.principal.id,
            created_at=self.now(),
            options=options,
            interval_s=_interval(kind, interval_s),
        )
        await self.intake.sync.feeds.add(feed)
        await self.intake.sync.tell(feed, "added")
        await self._wish(feed)
        return feed

    async def list_of(self, identity: Identity, workspace: WorkspaceId) -> Sequence[Feed]:
        await require(self.workspaces, identity, "document:write", workspace)
        return await self.intake.sync.feeds.list_of(workspace)

    async def get(self, identity: Identity, id: FeedId) -> Feed:
        """Raises ``NotFound``, to one who has no part in its workspace as well."""
        feed = await self.intake.sync.feeds.get(id)
        try:
            await require(self.workspaces, identity, "document:write", feed.workspace)
        except NotFound as error:
            raise NotFound("feed") from error
        if feed.removed:
            raise NotFound("feed")
        return feed

    async def change(
        self,
        identity: Identity,
        id: FeedId,
        *,
        options: FeedOptions | None,
        interval_s: float | None,
        paused: bool | None,
    ) -> Feed:
        """Change what of it is taken, at the next sync, or how often; 0 is by hand.

        While ``paused`` it is not looked at. Resumed, it goes on with the sync that this broke
        off, and one that is looked at by itself is looked at now.
        """
        feed = await self.get(identity, id)
        interval = feed.interval_s
        if options is not None:
            self.intake.sync.connectors[feed.kind].check(feed.address, options)
        if interval_s is not None:
            interval = _interval(feed.kind, interval_s)
        if options is not None or interval_s is not None:
            feed = await self._rearrange(id, options, interval)
        if paused is not None and paused != feed.paused:
            feed = await (self._pause(feed) if paused else self._resume(feed))
        return feed

    async def sync(self, identity: Identity, id: FeedId) -> Feed:
        """Look at the place now; once more, if that is being done.

        Raises ``Conflict`` for one that is paused.
        """
        feed = await self.get(identity, id)
        if feed.paused:
            raise Conflict("This feed is paused. Resume it, then have it synced.")
        await self._wish(feed)
        return feed

    async def remove(self, identity: Identity, id: FeedId, *, keep_documents: bool = False) -> None:
        """Forget the feed, and take the documents away that only it brought.

        Or keep them: then they are documents like those that a person brought.
        """
        await self.get(identity, id)
        feed = await self._store(
            id, lambda now: _change(now, removed=True, keeps_documents=keep_documents)
        )
        self.intake.worker.stop(id)
        await self.intake.sync.tell(feed, "removed")
        await self._enqueue(feed)

    async def _rearrange(
        self, id: FeedId, options: FeedOptions | None, interval_s: float | None
    ) -> Feed:
        def work(now: Feed) -> Feed:
            after = _change(now, options=options or now.options, interval_s=interval_s)
            if interval_s != now.interval_s:
                after = _change(after, next_at=self.intake.sync.next_time(after))
            return after

        feed = await self._store(id, work)
        await self.intake.sync.tell(feed, "changed")
        return feed

    async def _pause(self, feed: Feed) -> Feed:
        feed = await self._store(feed.id, lambda now: _change(now, paused=True, next_at=None))
        self.intake.worker.stop(feed.id)
        await self.intake.sync.tell(feed, "paused")
        return feed

    async def _resume(self, feed: Feed) -> Feed:
        feed = await self._store(feed.id, lambda now: _change(now, paused=False))
        await self.intake.sync.tell(feed, "resumed")
        if feed.interval_s or feed.status == "syncing":
            await self._wish(feed)
        return feed

    async def _require_new(self, workspace: WorkspaceId, kind: FeedKind, address: str) -> None:
        feeds = await self.intake.sync.feeds.list_of(workspace)
        if any((each.kind, each.address) == (kind, address) for each in feeds):
            raise Conflict("This place is a feed of this workspace already. Change that one.")
        if len(feeds) >= MOST_FEEDS:
            raise Conflict(f"There are {MOST_FEEDS} feeds in this workspace. Remove one first.")

    async def _store(self, id: FeedId, change: Callable[[Feed], Feed]) -> Feed:
        return await self.intake.sync.feeds.change(id, change)

    async def _wish(self, feed: Feed) -> None:
        self.intake.sync.wish(feed.id)
        await self._enqueue(feed)

    async def _enqueue(self, feed: Feed) -> None:
        await self.intake.accept.jobs.enqueue(job_of(feed), feed.id, lane=feed.added_by)


def _interval(kind: FeedKind, interval_s: float | None) -> float | None:
    """Return how often a place is looked at. Raises ``InvalidField``."""
    if not interval_s:
        return None
    least = LEAST_S[kind]
    if interval_s < least:
        raise InvalidField(
            "intervalS", f"`intervalS` is 0, by hand, or at least {least:g} seconds for a {kind}."
        )
    return interval_s
