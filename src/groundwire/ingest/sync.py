"""The job of a feed: take what is new in its place, follow what changed, let go of what went."""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from groundwire.ingest.accept import Accept
from groundwire.ingest.control import Control
from groundwire.ingest.tally import Tally
from groundwire.ingest.versions import read_of
from groundwire.model.documents import Document
from groundwire.model.errors import (
    Conflict,
    FeedFailed,
    InvalidField,
    NotFound,
    TooLarge,
    Unavailable,
)
from groundwire.model.feeds import Counts, Feed, FeedItem, FeedKind, FeedReason
from groundwire.model.ids import BatchId, FeedId, NewId, Now
from groundwire.ports.connector import Connector, Item, Missed
from groundwire.ports.feeds import Feeds
from groundwire.ports.job_queue import Job

# What may pass is tried again so often, after 1, 2, 4 and 8 seconds; then the interval decides.
ATTEMPTS = 5
# How often the feed tells how far its sync is.
EVERY_S = 1.0

_change = msgspec.structs.replace


class Uncertain(Unavailable):
    """The place cannot be read now; the worker tries again later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """Makes documents of what is in a place, and keeps them so.

    A sync may be done again at any point: each item is stored with its mark once its document is
    durable, and what nobody holds any more is found by the state of the store, not by memory.
    """

    feeds: Feeds
    connectors: Mapping[FeedKind, Connector]
    accept: Accept
    control: Control
    now: Now
    new_id: NewId

    async def run(self, job: Job) -> bool:
        """Bring the documents of the feed up to date, or remove them with it.

        Raises ``Unavailable`` if that is to be tried again soon.
        """
        try:
            feed = await self.feeds.get(FeedId(job.key))
        except NotFound:
            return True
        if feed.removed:
            await self._clear(feed)
            return True
        feed = await self._begin(feed)
        try:
            await self._follow(feed)
        except FeedFailed as error:
            await self._let_go(feed)
            await self.fail(feed.id, error.reason, error.message)
            if error.passes and job.attempt < ATTEMPTS:
                raise Uncertain(error.message) from error
        return True

    async def fail(self, id: FeedId, code: FeedReason, reason: str) -> None:
        """Store why the place cannot be read; what was taken from it stays."""
        with suppress(NotFound):
            feed = await self.feeds.get(id)
            due = self.next_time(feed.interval_s)
            await self._store(id, status="failed", reason_code=code, reason=reason, next_at=due)

    def next_time(self, interval_s: float | None) -> datetime | None:
        return self.now() + timedelta(seconds=interval_s) if interval_s else None

    async def _begin(self, feed: Feed) -> Feed:
        if feed.status == "syncing":
            return feed  # a process died over it: its batch goes on
        return await self._store(
            feed.id,
            status="syncing",
            batch=BatchId(self.new_id("b")),
            counts=Counts(),
            refusals=(),
            reason_code=None,
            reason=None,
            next_at=None,
        )

    async def _follow(self, feed: Feed) -> None:
        known = {item.uri: item for item in await self.feeds.list_items(feed.id)}
        gone = set(known)
        tally = Tally()
        time = asyncio.get_running_loop().time
        told_at = time()
        marks = {uri: item.mark for uri, item in known.items()}
        async with aclosing(self.connectors[feed.kind].visit(feed, marks)) as found:
            async for each in found:
                if await self._take(feed, each, known.get(each.uri), tally):
                    gone.discard(each.uri)
                if time() - told_at >= EVERY_S:
                    told_at = time()
                    await self._store(feed.id, counts=tally.counts)
        await self.feeds.drop(feed.id, sorted(gone))
        tally.removed = len(gone)
        await self._let_go(feed)
        await self._end(feed, tally)

    async def _take(
        self, feed: Feed, found: Item | Missed, before: FeedItem | None, tally: Tally
    ) -> bool:
        """Make a document of what was found; ``False`` if what was taken of it before goes."""
        if isinstance(found, Missed):
            tally.refuse(found)
            return found.stays
        if found.open is None and before is not None:
            if found.mark != before.mark:
                await self.feeds.keep(_change(before, mark=found.mark))
            tally.count_kept(before, feed)
            return True
        try:
            document, is_changed = await self._make(feed, found, before)
        except FeedFailed as error:
            tally.refuse(Missed(found.uri, error.reason, error.message, error.passes))
            return error.passes
        except TooLarge as error:
            tally.refuse(Missed(found.uri, "too_large", error.message))
            return False
        except InvalidField as error:
            tally.refuse(Missed(found.uri, "unknown_type", error.message))
            return False
        batch = feed.batch or BatchId("")
        item = FeedItem(
            feed=feed.id,
            uri=found.uri,
            document=document.id,
            mark=found.mark,
            batch=before.batch if before and not is_changed else batch,
            since=before.since if before else batch,
        )
        await self.feeds.keep(item)
        tally.count_kept(item, feed)
        return True

    async def _make(
        self, feed: Feed, found: Item, before: FeedItem | None
    ) -> tuple[Document, bool]:
        """Return the document that holds the item now, and whether its bytes are others.

        A document that only this item has gets the new bytes, and is found by those before until
        all of them can be found.
        """
        assert found.open is not None, "a connector calls unchanged only what it was told of"
        own = None if before is None else await self._own(feed, before)
        if own is not None:
            # Conflict: another document has these bytes, so it is that one from now on.
            with suppress(Conflict, NotFound):
                batch = feed.batch or BatchId("")
                after = await self.control.revise(own.id, found.name, found.open(), batch=batch)
                return after, read_of(after).digest != read_of(own).digest
        document = await self._accept(feed, found)
        return document, before is None or before.document != document.id

    async def _own(self, feed: Feed, item: FeedItem) -> Document | None:
        """Return the document of the item, if nobody else has a part in it."""
        try:
            document = await self.accept.documents.get(item.document)
        except NotFound:
            return None
        is_shared = await self.feeds.count_holders(document.id) > 1
        return None if is_shared or document.feed != feed.id else document

    async def _accept(self, feed: Feed, found: Item) -> Document:
        assert found.open is not None
        return await self.accept(
            feed.workspace,
            found.name,
            found.open(),
            by=feed.added_by,
            batch=feed.batch or BatchId(""),
            feed=feed.id,
            uri=found.uri,
        )

    async def _let_go(self, feed: Feed) -> None:
        """Remove the documents of which this feed has nothing any more.

        One that another feed still has an item of is that one's from then on.
        """
        for document, other in await self.feeds.list_unheld(feed.id):
            with suppress(NotFound):  # somebody removed it just now
                if other is None:
                    await self.control.remove(document)
                else:
                    await self.control.hand_over(document, other)

    async def _clear(self, feed: Feed) -> None:
        items = await self.feeds.list_items(feed.id)
        await self.feeds.drop(feed.id, [item.uri for item in items])
        await self._let_go(feed)
        await self.feeds.forget(feed.id)

    async def _end(self, feed: Feed, tally: Tally) -> None:
        feed = await self.feeds.get(feed.id)
        await self._store(
            feed.id,
            status="idle",
            synced_at=self.now(),
            next_at=self.next_time(feed.interval_s),
            counts=tally.counts,
            refusals=tuple(tally.refusals),
        )

    async def _store(self, id: FeedId, **changes: object) -> Feed:
        # A sync that is lost with the power is done again.
        return await self.feeds.change(id, lambda now: _change(now, **changes), sync=False)
