"""`groundwire feed …`: places that documents come from, in this process or by the server."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from groundwire.cli.session import open_session
from groundwire.cli.taken import Events
from groundwire.model.errors import InvalidField
from groundwire.model.feeds import Counts, Refusal
from groundwire.model.refused import field_and_reason
from groundwire.model.workspace_events import BatchProgress, FeedChanged, decode_workspace_event
from groundwire.settings import load
from groundwire.transport.feeds import FeedBody, NewFeed


async def add(flags: Mapping[str, object], wish: Mapping[str, Any], workspace: str | None) -> int:
    """Add a place and take its documents in; returns 1 if it could not be read."""
    try:
        feed = msgspec.convert(wish, NewFeed)
    except msgspec.ValidationError as error:
        name, why = field_and_reason(error)
        raise InvalidField(name, f"{name.rpartition('.')[2]}: {why}.") from error
    async with open_session(load(flags).settings) as session:
        where = await session.workspace(workspace)
        async with session.documents(where) as events:
            made = await session.places.add(where, feed)
            print(made.id, flush=True)  # noqa: T201
            return await _watch(events, made.id)


async def show(flags: Mapping[str, object], workspace: str | None) -> int:
    async with open_session(load(flags).settings) as session:
        feeds = await session.places.list_of(await session.workspace(workspace))
    for feed in feeds:
        print(f"{feed.id}  {feed.kind:10}  {_standing(feed):8}  {feed.address}")  # noqa: T201
        if feed.reason is not None:
            print(f"    {feed.reason}")  # noqa: T201
    return 0


async def sync(flags: Mapping[str, object], id: str) -> int:
    """Look at the place now; returns 1 if it could not be read."""
    async with open_session(load(flags).settings) as session:
        feed = await session.places.get(id)
        async with session.documents(feed.workspace_id) as events:
            await session.places.sync(id)
            return await _watch(events, id)


async def pause(flags: Mapping[str, object], id: str, *, paused: bool) -> int:
    async with open_session(load(flags).settings) as session:
        await session.places.pause(id, paused=paused)
    return 0


async def remove(flags: Mapping[str, object], id: str, *, keep_documents: bool) -> int:
    async with open_session(load(flags).settings) as session:
        await session.places.remove(id, keep_documents=keep_documents)
    return 0


@dataclass(slots=True)
class _Seen:
    """How far a feed and what it brought are; ``unread`` are batches that are still being read."""

    ended: FeedChanged | None = None
    unread: dict[str, bool] = field(default_factory=dict[str, bool])

    @property
    def is_over(self) -> bool:
        if self.ended is None:
            return False
        brought = self.ended.counts.added + self.ended.counts.changed
        is_whole = self.ended.change == "synced"
        return not (is_whole and brought and self.unread.get(self.ended.batch_id or "", True))


async def _watch(events: Events, id: str) -> int:
    """Show how a sync goes on until it and the reading of its documents have ended."""
    seen = _Seen()
    while not seen.is_over:
        match decode_workspace_event(await anext(events)):
            case FeedChanged(feed_id=feed) as event if feed == id:
                if event.change == "syncing":
                    _note(f"looking: {_found(event.counts)}")
                elif event.change in ("synced", "failed", "paused", "removed"):
                    seen.ended = event
                    _tell(event)
            case BatchProgress() as event:
                left = event.total - event.ready - event.failed - event.paused
                seen.unread[event.batch_id] = left > 0
            case _:
                pass
    return 0 if seen.ended is not None and seen.ended.change == "synced" else 1


def _tell(event: FeedChanged) -> None:
    if event.change == "synced":
        _note(_found(event.counts))
        for refusal in event.refusals:
            _note(f"  {_named(refusal)}")
    else:
        _note(event.reason or f"It was {event.change}.")


def _named(refusal: Refusal) -> str:
    return f"{refusal.uri}: {refusal.reason}"


def _found(counts: Counts) -> str:
    """Return what was found, as in ``3 added, 1 refused``."""
    found = msgspec.structs.asdict(counts)
    return ", ".join(f"{count} {what}" for what, count in found.items() if count) or "nothing yet"


def _standing(feed: FeedBody) -> str:
    return "paused" if feed.paused else feed.status


def _note(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201
