"""Tags, pins and collections over HTTP."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from groundwire.model.access import Identity
from groundwire.model.filters import MOST_TAGS, Collection
from groundwire.model.ids import CollectionId, DocumentId, WorkspaceId
from groundwire.sorting import Sorting
from groundwire.transport.bodies import Body, DocumentBody, answer, read_body
from groundwire.transport.identity import Doorkeeper

_FEW = msgspec.Meta(max_length=MOST_TAGS)
Many = Annotated[tuple[DocumentId, ...], msgspec.Meta(max_length=1_000)]


class ChangeDocument(Body):
    """What is given takes the place of what was there; the rest stays."""

    tags: Annotated[tuple[str, ...], _FEW] | None = None
    pinned: bool | None = None
    collections: Annotated[tuple[CollectionId, ...], _FEW] | None = None


class NewCollection(Body):
    name: str


class ChangeCollection(Body):
    """Another name; documents that it is to have, and some that it is to have no longer."""

    name: str | None = None
    add: Many = ()
    remove: Many = ()


class CollectionBody(Body, omit_defaults=False):
    """A named group of ``documents`` documents."""

    id: CollectionId
    workspace_id: WorkspaceId
    name: str
    created_at: datetime
    documents: int

    @classmethod
    def of(cls, collection: Collection) -> "CollectionBody":
        return cls(
            id=collection.id,
            workspace_id=collection.workspace,
            name=collection.name,
            created_at=collection.created_at,
            documents=collection.documents,
        )


class CollectionsBody(Body):
    collections: list[CollectionBody]


@dataclass(frozen=True, slots=True)
class SortingDoors:
    sorting: Sorting
    doorkeeper: Doorkeeper

    def routes(self) -> list[Route]:
        return [
            Route("/documents/{id}", self.label, methods=["PATCH"]),
            Route("/workspaces/{id}/collections", self.create, methods=["POST"]),
            Route("/workspaces/{id}/collections", self.list_of, methods=["GET"]),
            Route("/collections/{id}", self.get, methods=["GET"]),
            Route("/collections/{id}", self.change, methods=["PATCH"]),
            Route("/collections/{id}", self.remove, methods=["DELETE"]),
        ]

    async def label(self, request: Request) -> Response:
        identity, id = await self._asked(request)
        body = await read_body(request, ChangeDocument)
        document = await self.sorting.label(
            identity,
            DocumentId(id),
            tags=body.tags,
            pinned=body.pinned,
            collections=body.collections,
        )
        return answer(DocumentBody.of(document))

    async def create(self, request: Request) -> Response:
        identity, id = await self._asked(request)
        body = await read_body(request, NewCollection)
        collection = await self.sorting.create(identity, WorkspaceId(id), body.name)
        return answer(CollectionBody.of(collection), 201)

    async def list_of(self, request: Request) -> Response:
        identity, id = await self._asked(request)
        found = await self.sorting.list_of(identity, WorkspaceId(id))
        return answer(CollectionsBody(collections=[CollectionBody.of(each) for each in found]))

    async def get(self, request: Request) -> Response:
        identity, id = await self._asked(request)
        return answer(CollectionBody.of(await self.sorting.get(identity, CollectionId(id))))

    async def change(self, request: Request) -> Response:
        identity, id = await self._asked(request)
        body = await read_body(request, ChangeCollection)
        collection = await self.sorting.change(
            identity, CollectionId(id), name=body.name, add=body.add, remove=body.remove
        )
        return answer(CollectionBody.of(collection))

    async def remove(self, request: Request) -> Response:
        identity, id = await self._asked(request)
        await self.sorting.remove(identity, CollectionId(id))
        return Response(status_code=204)

    async def _asked(self, request: Request) -> tuple[Identity, str]:
        return await self.doorkeeper.require(request), request.path_params["id"]
