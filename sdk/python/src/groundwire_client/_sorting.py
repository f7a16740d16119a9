"""Tags, pins and collections: what documents are sorted by."""

from collections.abc import Sequence
from typing import Any

import msgspec

from groundwire_client._calls import Body, Calls, given, part
from groundwire_client._documents import DocumentInfo
from groundwire_client._filter import Filter


class CollectionInfo(Body, frozen=True, kw_only=True):
    """A named group of ``documents`` documents."""

    id: str
    name: str
    documents: int
    created_at: str | None = None


class _Collections(Body, frozen=True, kw_only=True):
    collections: list[CollectionInfo]


class Sorting(Calls):
    async def sort_document(
        self,
        id: str,
        *,
        tags: Sequence[str] | None = None,
        pinned: bool | None = None,
        collections: Sequence[str] | None = None,
    ) -> DocumentInfo:
        """Put what is given in place of what was there; the rest stays."""
        change = given(tags=tags, pinned=pinned, collections=collections)
        return await self._call("PATCH", f"/documents/{part(id)}", DocumentInfo, json=change)

    async def collections(self, workspace_id: str) -> list[CollectionInfo]:
        """Return a workspace's collections, the oldest first."""
        path = f"/workspaces/{part(workspace_id)}/collections"
        return (await self._call("GET", path, _Collections)).collections

    async def create_collection(self, workspace_id: str, name: str) -> CollectionInfo:
        path = f"/workspaces/{part(workspace_id)}/collections"
        return await self._call("POST", path, CollectionInfo, json={"name": name})

    async def change_collection(
        self,
        id: str,
        *,
        name: str | None = None,
        add: Sequence[str] = (),
        remove: Sequence[str] = (),
    ) -> CollectionInfo:
        """Give it another name, documents more and documents less, all or nothing."""
        body = {"add": list(add), "remove": list(remove)} | ({"name": name} if name else {})
        return await self._call("PATCH", f"/collections/{part(id)}", CollectionInfo, json=body)

    async def delete_collection(self, id: str) -> None:
        """Forget a collection; its documents stay."""
        await self._send("DELETE", f"/collections/{part(id)}")


def as_query(filter: Filter) -> dict[str, Any]:
    """Return the filter as the parameters of a listing, each of which may come often."""
    return {name.removesuffix("s"): value for name, value in msgspec.to_builtins(filter).items()}
