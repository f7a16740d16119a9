"""The job of a feed: take what is new in its place, follow what changed, let go of what went."""

import asyncio
from collections.abc import Callable, Mapping, Set
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from groundwire.ingest.accept import Accept
from groundwire.ingest.at_once import AtOnce
from groundwire.ingest.control import Control
from groundwire.ingest.progress import Publish, changed
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
from groundwire.model.feeds import Counts, Feed, FeedChange, FeedItem, FeedKind, FeedReason
from groundwire.model.ids import BatchId, DocumentId, FeedId, NewId, Now
from groundwire.ports.connector import Connector, Item, Missed
from groundwire.ports.feeds import Feeds
from groundwire.ports.job_queue import Job

# What may pass is tried again so often, after 1, 2, 4 and 8 seconds; then the interval decides.
ATTEMPTS = 5
# So many new things are read and stored side by side, so that they share commits.
STORED_AT_ONCE = 4
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

    Who looks on is told (``feed.changed``) of a sync that a person wished for, that takes a
    second or that finds something else than the last one. That a folder was looked at once more
    and nothing is new is no news: it would be a line in the log every few seconds, for ever.
    """

    feeds: Feeds
    connectors: Mapping[FeedKind, Connector]
    accept: Accept
    control: Control
    publish: Publish
    now: Now
    new_id: NewId
    _wished: set[FeedId] = field(default_factory=set[FeedId])
    _told: set[FeedId] = field(default_factory=set[FeedId])

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
        if feed.paused:
            return True
        before, feed = feed, await self._begin(feed)
        try:
            await self._follow(feed, before)
        except FeedFailed as error:
            await self._let_go(feed)
            await self.fail(feed.id, error.reason, error.message, before=before)
            if error.passes and job.attempt < ATTEMPTS:
                raise Uncertain(error.message) from error
        finally:
            self._told.discard(feed.id)
        return True

    async def fail(
        self, id: FeedId, code: FeedReason, reason: str, *, before: Feed | None = None
    ) -> None:
        """Store why the place cannot be read; what was taken from it stays.

        It is told unless it stood so ``before`` this sync.
        """
        with suppress(NotFound):
            feed = await self._end(id, status="failed", reason_code=code, reason=reason)
            if before is None or id in self._told or before.reason != reason:
                await self.tell(feed, "failed")

    def next_time(self, feed: Feed) -> datetime | None:
        """Return when the feed is to be looked at by itself; ``None`` is never."""
        if feed.paused or not feed.interval_s:
            return None
        return self.now() + timedelta(seconds=feed.interval_s)

    def wish(self, id: FeedId) -> None:
        """A person wants the next sync, and is told of it whatever it finds."""
        self._wished.add(id)

    async def tell(self, feed: Feed, change: FeedChange) -> None:
        await self.publish(feed.workspace, changed(feed, change))

    async def _begin(self, feed: Feed) -> Feed:
        if feed.status != "syncing":  # else a process died over it, or it was held: it goes on
            feed = await self._restart(feed)
        if feed.id in self._wished:
            self._wished.discard(feed.id)
            await self._tell_syncing(feed)
        return feed

    async def _restart(self, feed: Feed) -> Feed:
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

    async def _tell_syncing(self, feed: Feed) -> None:
        self._told.add(feed.id)
        await self.tell(feed, "syncing")

    async def _follow(self, feed: Feed, before: Feed) -> None:
        known = {item.uri: item for item in await self.feeds.list_items(feed.id)}
        gone = set(known)
        tally = Tally()
        time = asyncio.get_running_loop().time
        told_at = time()
        marks = {uri: item.mark for uri, item in known.items()}
        async with (
            aclosing(self.connectors[feed.kind].visit(feed, marks)) as found,
            AtOnce(STORED_AT_ONCE) as hands,
        ):
            async for each in found:
                if each is None:
                    await hands.all()
                elif isinstance(each, Item) and each.uri not in known:
                    await hands.add(self._take_new(feed, each, tally))
                elif await self._take(feed, each, known.get(each.uri), tally, hands):
                    gone.discard(each.uri)
                if time() - told_at >= EVERY_S:
                    told_at = time()
                    await self._tell_syncing(await self._store(feed.id, counts=tally.counts))
            await hands.all()
        await self._move(feed, known, gone, tally)
        await self.feeds.drop(feed.id, sorted(gone))
        tally.removed = len(gone)
        await self._let_go(feed)
        after = await self._end(
            feed.id,
            status="idle",
            synced_at=self.now(),
            counts=tally.counts,
            refusals=tuple(tally.refusals),
        )
        if feed.id in self._told or is_news(before, after):
            await self.tell(after, "synced")

    async def _take_new(self, feed: Feed, found: Item, tally: Tally) -> None:
        tally.names[found.uri] = found.name
        try:
            document = await self._accept(feed, found)
        except (FeedFailed, TooLarge, InvalidField) as error:
            tally.refuse(_missed(found, error))
            return
        item = FeedItem(
            feed=feed.id,
            uri=found.uri,
            document=document.id,
            mark=found.mark,
            batch=_batch(feed),
            since=_batch(feed),
        )
        await self._keep(feed, item, tally)

    async def _take(
        self,
        feed: Feed,
        found: Item | Missed,
        before: FeedItem | None,
        tally: Tally,
        hands: AtOnce,
    ) -> bool:
        """Follow what was taken before; ``False`` if what was taken of it goes."""
        if isinstance(found, Missed):
            tally.refuse(found)
            return found.stays
        assert before is not None
        tally.names[found.uri] = found.name
        if found.open is None:
            if found.mark != before.mark:
                await self.feeds.keep(_change(before, mark=found.mark))
            tally.count_kept(before, feed)
            return True
        # Nothing new is to become the very document that gets other bytes now.
        await hands.all()
        try:
            document, is_changed = await self._revise(feed, found, before)
        except (FeedFailed, TooLarge, InvalidField) as error:
            tally.refuse(missed := _missed(found, error))
            return missed.stays
        item = _change(before, document=document.id, mark=found.mark)
        await self._keep(feed, _change(item, batch=_batch(feed)) if is_changed else item, tally)
        return True

    async def _keep(self, feed: Feed, item: FeedItem, tally: Tally) -> None:
        await self.feeds.keep(item)
        tally.count_kept(item, feed)

    async def _revise(self, feed: Feed, found: Item, before: FeedItem) -> tuple[Document, bool]:
        """Return the document that holds the item now, and whether its bytes are others.

        A document that only this item has gets the new bytes, and is found by those before until
        all of them can be found.
        """
        assert found.open is not None
        own = await self._own(feed, before)
        if own is not None:
            # Conflict: another document has these bytes, so it is that one from now on.
            with suppress(Conflict, NotFound):
                content, batch = found.open(), _batch(feed)
                after = await self.control.revise(own.id, found.name, content, batch=batch)
                return after, read_of(after).digest != read_of(own).digest
        document = await self._accept(feed, found)
        return document, before.document != document.id

    async def _own(self, feed: Feed, item: FeedItem) -> Document | None:
        """Return the document of the item, if nobody else has a part in it."""
        try:
            document = await self.accept.documents.get(item.document)
        except NotFound:
            return None
        is_shared = await self.feeds.count_holders(document.id) > 1
        return None if is_shared or document.feed != feed.id else document

    async def _accept(self, feed: Feed, found: Item) -> Document:
        assert found.open is not None, "a connector calls unchanged only what it was told of"
        return await self.accept(
            feed.workspace,
            found.name,
            found.open(),
            by=feed.added_by,
            batch=_batch(feed),
            feed=feed.id,
            uri=found.uri,
        )

    async def _move(
        self, feed: Feed, known: Mapping[str, FeedItem], gone: Set[str], tally: Tally
    ) -> None:
        """Let a document whose place has gone, or holds another, be from where it still is."""
        if not (gone or tally.changed):
            return
        items = [each for each in await self.feeds.list_items(feed.id) if each.uri not in gone]
        stays = {item.uri: item.document for item in items}
        left = {item.document for item in known.values() if stays.get(item.uri) != item.document}
        places: dict[DocumentId, list[str]] = {}
        for item in items:
            if item.document in left and item.uri in tally.names:
                places.setdefault(item.document, []).append(item.uri)
        for id, uris in places.items():
            with suppress(NotFound):  # somebody removed it just now
                document = await self.accept.documents.get(id)
                if document.feed == feed.id and document.uri not in uris:
                    await self.control.move(id, tally.names[uris[0]], uris[0])

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
        if feed.keeps_documents:
            for document, _ in await self.feeds.list_unheld(feed.id):
                with suppress(NotFound):
                    await self.control.hand_over(document, None)
        else:
            await self._let_go(feed)
        await self.feeds.forget(feed.id)

    async def _end(self, id: FeedId, **changes: object) -> Feed:
        return await self._change(
            id, lambda now: _change(now, next_at=self.next_time(now), **changes)
        )

    async def _store(self, id: FeedId, **changes: object) -> Feed:
        return await self._change(id, lambda now: _change(now, **changes))

    async def _change(self, id: FeedId, change: Callable[[Feed], Feed]) -> Feed:
        # A sync that is lost with the power is done again.
        return await self.feeds.change(id, change, sync=False)


def _batch(feed: Feed) -> BatchId:
    return feed.batch or BatchId("")


def _missed(found: Item, error: FeedFailed | TooLarge | InvalidField) -> Missed:
    """Return why an item is not taken, as it came while it was read."""
    match error:
        case FeedFailed():
            return Missed(found.uri, error.reason, error.message, error.passes)
        case TooLarge():
            return Missed(found.uri, "too_large", error.message)
        case InvalidField():
            return Missed(found.uri, "unknown_type", error.message)


def is_news(before: Feed, after: Feed) -> bool:
    """Whether a sync found something else than the one before it."""
    counts = after.counts
    return (
        counts.added + counts.changed + counts.removed > 0
        or (before.status, before.refusals) != ("idle", after.refusals)
        or before.counts.refused != counts.refused
        or before.synced_at is None
    )
