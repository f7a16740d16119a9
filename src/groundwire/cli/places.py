"""Feeds for the commands, wherever their work is done: here, or by the server of the folder."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

import msgspec

from groundwire.feeding import Feeding
from groundwire.model.access import Identity
from groundwire.model.errors import NotFound
from groundwire.model.ids import FeedId, WorkspaceId
from groundwire.transport.feeds import FeedBody, NewFeed

GONE_LOOK_S = 0.05


class Places(Protocol):
    async def add(self, workspace: str, feed: NewFeed) -> FeedBody: ...

    async def list_of(self, workspace: str) -> Sequence[FeedBody]: ...

    async def get(self, id: str) -> FeedBody: ...

    async def sync(self, id: str) -> FeedBody: ...

    async def pause(self, id: str, *, paused: bool) -> FeedBody: ...

    async def remove(self, id: str, *, keep_documents: bool) -> None: ...


@dataclass(frozen=True, slots=True)
class LocalPlaces:
    feeding: Feeding
    identity: Identity

    async def add(self, workspace: str, feed: NewFeed) -> FeedBody:
        made = await self.feeding.add(
            self.identity,
            WorkspaceId(workspace),
            kind=feed.kind,
            address=feed.address,
            options=feed.options,
            interval_s=feed.interval_s,
        )
        return FeedBody.of(made)

    async def list_of(self, workspace: str) -> Sequence[FeedBody]:
        found = await self.feeding.list_of(self.identity, WorkspaceId(workspace))
        return [FeedBody.of(feed) for feed in found]

    async def get(self, id: str) -> FeedBody:
        return FeedBody.of(await self.feeding.get(self.identity, FeedId(id)))

    async def sync(self, id: str) -> FeedBody:
        return FeedBody.of(await self.feeding.sync(self.identity, FeedId(id)))

    async def pause(self, id: str, *, paused: bool) -> FeedBody:
        changed = await self.feeding.change(
            self.identity, FeedId(id), options=None, interval_s=None, paused=paused
        )
        return FeedBody.of(changed)

    async def remove(self, id: str, *, keep_documents: bool) -> None:
        """Return once all of it is gone: with this process ends whoever clears up."""
        feed = FeedId(id)
        await self.feeding.remove(self.identity, feed, keep_documents=keep_documents)
        with suppress(NotFound):
            while await self.feeding.intake.sync.feeds.get(feed):  # noqa: ASYNC110 (told before)
                await asyncio.sleep(GONE_LOOK_S)


@dataclass(frozen=True, slots=True)
class RemotePlaces:
    """``ask`` sends a request and returns the answer's JSON."""

    ask: Callable[..., Awaitable[Any]]

    async def add(self, workspace: str, feed: NewFeed) -> FeedBody:
        body = msgspec.to_builtins(feed)
        path = f"/api/v1/workspaces/{_part(workspace)}/feeds"
        return _body(await self.ask("POST", path, json=body))

    async def list_of(self, workspace: str) -> Sequence[FeedBody]:
        found = await self.ask("GET", f"/api/v1/workspaces/{_part(workspace)}/feeds")
        return [_body(feed) for feed in found["feeds"]]

    async def get(self, id: str) -> FeedBody:
        return _body(await self.ask("GET", f"/api/v1/feeds/{_part(id)}"))

    async def sync(self, id: str) -> FeedBody:
        return _body(await self.ask("POST", f"/api/v1/feeds/{_part(id)}/sync"))

    async def pause(self, id: str, *, paused: bool) -> FeedBody:
        return _body(await self.ask("PATCH", f"/api/v1/feeds/{_part(id)}", json={"paused": paused}))

    async def remove(self, id: str, *, keep_documents: bool) -> None:
        documents = "keep" if keep_documents else "remove"
        await self.ask("DELETE", f"/api/v1/feeds/{_part(id)}?documents={documents}")


def _part(id: str) -> str:
    """Return an id as a part of a path: it is as somebody typed it."""
    return quote(id, safe="")


def _body(answer: Mapping[str, Any]) -> FeedBody:
    return msgspec.convert(answer, FeedBody)
