"""What people sort documents by: the use cases around tags, pins and collections."""

from collections.abc import Sequence
from dataclasses import dataclass

from groundwire.access.authorize import require
from groundwire.library import Library, clean_name, not_here
from groundwire.model.access import Identity, Permission
from groundwire.model.documents import Document
from groundwire.model.errors import InvalidField, NotFound
from groundwire.model.filters import Collection, clean_tags
from groundwire.model.ids import CollectionId, DocumentId, NewId, Now, WorkspaceId

MOST_COLLECTIONS = 500
"""How many a workspace may have: its people choose among them by eye."""


@dataclass(frozen=True, slots=True)
class Sorting:
    """Who may read a workspace sees all of it, who may write in it changes it."""

    library: Library
    now: Now
    new_id: NewId

    async def label(
        self,
        identity: Identity,
        id: DocumentId,
        *,
        tags: tuple[str, ...] | None = None,
        pinned: bool | None = None,
        collections: tuple[CollectionId, ...] | None = None,
    ) -> Document:
        """Store what is given in place of what was there. Raises ``InvalidField``, ``NotFound``."""
        library = self.library
        document = await library.get_document(identity, id)
        await require(library.workspaces, identity, "document:write", document.workspace)
        if tags is not None:
            tags = clean_tags(tags)
        if collections is not None:
            collections = tuple(dict.fromkeys(collections))
            await self._require_here(document.workspace, collections)
        return await library.documents.label(id, tags=tags, pinned=pinned, collections=collections)

    async def create(self, identity: Identity, workspace: WorkspaceId, name: str) -> Collection:
        """Raises ``Conflict`` if the workspace has a collection of that name."""
        await require(self.library.workspaces, identity, "document:write", workspace)
        there = await self.library.collections.list_of(workspace)
        if len(there) >= MOST_COLLECTIONS:
            raise InvalidField("name", f"A workspace has at most {MOST_COLLECTIONS} collections.")
        collection = Collection(
            id=CollectionId(self.new_id("c")),
            workspace=workspace,
            name=clean_name(name),
            created_at=self.now(),
        )
        await self.library.collections.create(collection)
        return collection

    async def list_of(self, identity: Identity, workspace: WorkspaceId) -> Sequence[Collection]:
        await require(self.library.workspaces, identity, "document:read", workspace)
        return await self.library.collections.list_of(workspace)

    async def get(self, identity: Identity, id: CollectionId) -> Collection:
        """Raises ``NotFound``, to one who may not read its workspace as well."""
        return await self._get(identity, id, "document:read")

    async def change(
        self,
        identity: Identity,
        id: CollectionId,
        *,
        name: str | None,
        add: Sequence[DocumentId],
        remove: Sequence[DocumentId],
    ) -> Collection:
        """Give it another name, documents more and documents less, all or nothing."""
        await self._get(identity, id, "document:write")
        name = None if name is None else clean_name(name)
        return await self.library.collections.change(id, name=name, add=add, remove=remove)

    async def remove(self, identity: Identity, id: CollectionId) -> None:
        """Forget the collection; its documents stay."""
        await self._get(identity, id, "document:write")
        await self.library.collections.remove(id)

    async def _get(
        self, identity: Identity, id: CollectionId, permission: Permission
    ) -> Collection:
        collection = await self.library.collections.get(id)
        try:
            await require(self.library.workspaces, identity, permission, collection.workspace)
        except NotFound as error:
            raise NotFound("collection") from error
        return collection

    async def _require_here(
        self, workspace: WorkspaceId, collections: Sequence[CollectionId]
    ) -> None:
        known = {each.id for each in await self.library.collections.list_of(workspace)}
        for id in collections:
            if id not in known:
                raise not_here("collections", "collection", id)
