"""Feeds over HTTP."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, get_args

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from groundwire.feeding import Feeding
from groundwire.model.access import Identity
from groundwire.model.errors import InvalidField
from groundwire.model.feeds import (
    Counts,
    Feed,
    FeedKind,
    FeedOptions,
    FeedReason,
    FeedStatus,
    Refusal,
)
from groundwire.model.ids import BatchId, FeedId, WorkspaceId
from groundwire.transport.bodies import Body, answer, read_body
from groundwire.transport.identity import Doorkeeper

Documents = Literal["keep", "remove"]
"""What becomes of the documents of a feed that is removed."""

Interval = Annotated[float, msgspec.Meta(ge=0, le=31_536_000)]


class NewFeed(Body):
    kind: FeedKind
    address: str
    options: FeedOptions = FeedOptions()
    interval_s: Interval | None = None


class ChangeFeed(Body):
    options: FeedOptions | None = None
    interval_s: Interval | None = None
    paused: bool | None = None


class FeedBody(Body, omit_defaults=False):
    """A place that documents come from, and what its last sync found."""

    id: FeedId
    workspace_id: WorkspaceId
    kind: FeedKind
    address: str
    options: FeedOptions
    interval_s: float | None
    status: FeedStatus
    paused: bool
    created_at: datetime
    synced_at: datetime | None
    next_at: datetime | None
    batch_id: BatchId | None
    counts: Counts
    refusals: tuple[Refusal, ...]
    reason: str | None
    reason_code: FeedReason | None

    @classmethod
    def of(cls, feed: Feed) -> "FeedBody":
        return cls(
            id=feed.id,
            workspace_id=feed.workspace,
            kind=feed.kind,
            address=feed.address,
            options=feed.options,
            interval_s=feed.interval_s,
            status=feed.status,
            paused=feed.paused,
            created_at=feed.created_at,
            synced_at=feed.synced_at,
            next_at=feed.next_at,
            batch_id=feed.batch,
            counts=feed.counts,
            refusals=feed.refusals,
            reason=feed.reason,
            reason_code=feed.reason_code,
        )


class FeedsBody(Body):
    feeds: list[FeedBody]


@dataclass(frozen=True, slots=True)
class FeedDoors:
    feeding: Feeding
    doorkeeper: Doorkeeper

    def routes(self) -> list[Route]:
        return [
            Route("/workspaces/{id}/feeds", self.add, methods=["POST"]),
            Route("/workspaces/{id}/feeds", self.list_of, methods=["GET"]),
            Route("/feeds/{id}", self.get, methods=["GET"]),
            Route("/feeds/{id}", self.change, methods=["PATCH"]),
            Route("/feeds/{id}", self.remove, methods=["DELETE"]),
            Route("/feeds/{id}/sync", self.sync, methods=["POST"]),
        ]

    async def add(self, request: Request) -> Response:
        identity, id = await self._asked(request)
        body = await read_body(request, NewFeed)
        feed = await self.feeding.add(
            identity,
            WorkspaceId(id),
            kind=body.kind,
            address=body.address,
            options=body.options,
            interval_s=body.interval_s,
        )
        return answer(FeedBody.of(feed), 201)

    async def list_of(self, request: Request) -> Response:
        identity, id = await self._asked(request)
        found = await self.feeding.list_of(identity, WorkspaceId(id))
        return answer(FeedsBody(feeds=[FeedBody.of(feed) for feed in found]))

    async def get(self, request: Request) -> Response:
        identity, id = await self._asked(request)
        return answer(FeedBody.of(await self.feeding.get(identity, FeedId(id))))

    async def change(self, request: Request) -> Response:
        identity, id = await self._asked(request)
        body = await read_body(request, ChangeFeed)
        feed = await self.feeding.change(
            identity,
            FeedId(id),
            options=body.options,
            interval_s=body.interval_s,
            paused=body.paused,
        )
        return answer(FeedBody.of(feed))

    async def remove(self, request: Request) -> Response:
        identity, id = await self._asked(request)
        documents = request.query_params.get("documents", "remove")
        if documents not in get_args(Documents):
            raise InvalidField("documents", "`documents` is `keep` or `remove`.")
        await self.feeding.remove(identity, FeedId(id), keep_documents=documents == "keep")
        return Response(status_code=204)

    async def sync(self, request: Request) -> Response:
        identity, id = await self._asked(request)
        return answer(FeedBody.of(await self.feeding.sync(identity, FeedId(id))), 202)

    async def _asked(self, request: Request) -> tuple[Identity, str]:
        return await self.doorkeeper.require(request), request.path_params["id"]
