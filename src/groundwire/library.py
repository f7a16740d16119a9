"""Workspaces and their documents: the use cases around what answers rest on."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from groundwire.access.authorize import require, require_editor
from groundwire.answer.clean import clean
from groundwire.ingest.changeover import Change
from groundwire.ingest.intake import Intake
from groundwire.model.access import Identity
from groundwire.model.documents import Batch, Document, DocumentStatus
from groundwire.model.errors import InvalidField, NotFound
from groundwire.model.filters import EVERYTHING, Filter, Scope, cleaned
from groundwire.model.ids import (
    BatchId,
    DocumentId,
    NewId,
    Now,
    WorkspaceId,
    chunks_of,
    workspace_log,
)
from groundwire.ports.blobs import Blobs
from groundwire.ports.documents import Collections, Documents, Workspace, Workspaces
from groundwire.ports.event_log import EventLog
from groundwire.ports.identities import Identities
from groundwire.ports.page_images import PageImages, View
from groundwire.ports.passage_index import ChunkStore
from groundwire.retrieve.search import Found, Search
from groundwire.retrieve.split import split

MAX_PASSAGES = 50
MAX_NAME = 120
ORDERS_AT_ONCE = 64
MIN_WIDTH, MAX_WIDTH = 100, 2400
DEFAULT_NAME = "Documents"
# What a text may be besides plain, by the end of its title.
TEXTS = (".txt", ".md", ".csv", ".html")

Order = Literal["pause", "resume", "cancel", "retry"]
"""What may be done with the work on a document, besides removing it."""


@dataclass(frozen=True, slots=True)
class Library:
    workspaces: Workspaces
    documents: Documents
    collections: Collections
    identities: Identities
    blobs: Blobs
    chunks: ChunkStore
    intake: Intake
    search: Search
    pages: PageImages
    log: EventLog
    now: Now
    new_id: NewId

    async def default_workspace(self, identity: Identity) -> WorkspaceId:
        """Return the principal's own workspace, which is made on first use."""
        principal = identity.principal.id
        found = await self.identities.find_workspace(principal)
        if found is None:
            found = (await self._create(identity, DEFAULT_NAME)).id
            await self.identities.set_workspace(principal, found)
        return found

    async def create_workspace(self, identity: Identity, name: str) -> Workspace:
        require_editor(identity)
        return await self._create(identity, name)

    async def list_workspaces(self, identity: Identity) -> Sequence[Workspace]:
        await self.default_workspace(identity)
        return await self.workspaces.list_of(identity.principal.id)

    async def get_workspace(self, identity: Identity, id: WorkspaceId) -> Workspace:
        await require(self.workspaces, identity, "workspace:read", id)
        return await self.workspaces.get(id)

    async def change_workspace(
        self, identity: Identity, id: WorkspaceId, *, name: str | None, model: str | None
    ) -> Workspace:
        """Give the workspace another name or default model; an empty model is ``auto``."""
        await require(self.workspaces, identity, "workspace:manage", id)
        workspace = await self.workspaces.get(id)
        if name is not None:
            workspace = msgspec.structs.replace(workspace, name=clean_name(name))
        if model is not None:
            workspace = msgspec.structs.replace(workspace, model=model or None)
        await self.workspaces.change(workspace)
        return workspace

    async def upload(
        self,
        identity: Identity,
        workspace: WorkspaceId,
        name: str,
        content: AsyncIterator[bytes],
        *,
        batch: BatchId | None = None,
    ) -> Document:
        """Take a file in; what becomes of it is told in the workspace's log.

        Returns the document that there is, if these bytes are in the workspace already. It
        belongs to ``batch`` with all that is given the same one, else to one of its own.
        Raises ``TooLarge`` and ``UnreadableDocument``.
        """
        await require(self.workspaces, identity, "document:write", workspace)
        return await self.intake.accept(
            workspace,
            name,
            content,
            by=identity.principal.id,
            batch=batch or self.new_batch(),
        )

    async def add_text(
        self,
        identity: Identity,
        workspace: WorkspaceId,
        title: str,
        text: str,
        *,
        batch: BatchId,
    ) -> Document:
        """Take in a text that is in no file, under a ``title`` that may be the name of one."""
        if not text.strip():
            raise InvalidField("text", "Give some text: `text` is empty.")
        title = re.sub(r"[/\\]", "-", title).strip()
        if not title:
            raise InvalidField("title", "Give the text a title: `title` is empty.")
        name = title if title.lower().endswith(TEXTS) else f"{title}.txt"
        content = _once(clean(text).encode())
        return await self.upload(identity, workspace, name, content, batch=batch)

    async def revise(
        self, identity: Identity, id: DocumentId, name: str, content: AsyncIterator[bytes]
    ) -> Document:
        """Give a document other bytes; those before are found until these can be, whole.

        Raises ``Conflict`` if another document of the workspace has these bytes, and what
        `upload` raises.
        """
        document = await self.get_document(identity, id)
        await require(self.workspaces, identity, "document:write", document.workspace)
        return await self.intake.control.revise(id, name, content, batch=self.new_batch())

    def new_batch(self) -> BatchId:
        return BatchId(self.new_id("b"))

    async def list_batches(
        self, identity: Identity, workspace: WorkspaceId, *, batch: BatchId | None = None
    ) -> Sequence[Batch]:
        """Return what came together, newest first, or only ``batch``: ``NotFound`` without."""
        await require(self.workspaces, identity, "document:read", workspace)
        found = await self.documents.list_batches(workspace, batch=batch)
        if batch is not None and not found:
            raise NotFound("batch")
        return found

    async def order(self, identity: Identity, id: DocumentId, order: Order) -> Document:
        """Pause, resume, cancel or retry the work on a document."""
        document = await self.get_document(identity, id)
        await require(self.workspaces, identity, "document:write", document.workspace)
        return await self._order(id, order)

    async def order_batch(
        self, identity: Identity, workspace: WorkspaceId, batch: BatchId, order: Order
    ) -> Batch:
        """Do the same with every document of a batch. Raises ``NotFound``."""
        await require(self.workspaces, identity, "document:write", workspace)
        documents = await self.documents.list_batch(workspace, batch)
        # Side by side, so that they share commits.
        for start in range(0, len(documents), ORDERS_AT_ONCE):
            async with asyncio.TaskGroup() as group:
                for document in documents[start : start + ORDERS_AT_ONCE]:
                    group.create_task(self._order_if_there(document.id, order))
        (after,) = await self.list_batches(identity, workspace, batch=batch)
        return after

    async def list_documents(
        self,
        identity: Identity,
        workspace: WorkspaceId,
        *,
        filter: Filter | None = None,
        status: DocumentStatus | None = None,
    ) -> Sequence[Document]:
        """Return the workspace's documents, newest first; those that meet what is given."""
        await require(self.workspaces, identity, "document:read", workspace)
        filter = cleaned(filter)
        await self.check_filter(identity, workspace, filter)
        return await self.documents.list_of(workspace, filter=filter or EVERYTHING, status=status)

    async def get_document(self, identity: Identity, id: DocumentId) -> Document:
        """Raises ``NotFound``, to one who may not read it as well."""
        document = await self.documents.get(id)
        try:
            await require(self.workspaces, identity, "document:read", document.workspace)
        except NotFound as error:
            raise NotFound("document") from error
        return document

    async def describe_embedder(self, identity: Identity, workspace: WorkspaceId) -> Change:
        """Return what finds passages by their meaning, and how far another one is, if one is."""
        await require(self.workspaces, identity, "document:read", workspace)
        return await self.intake.changeover.describe(workspace)

    async def get_content(self, identity: Identity, id: DocumentId) -> tuple[Document, Path]:
        """Return the document and where its original bytes are."""
        document = await self.get_document(identity, id)
        return document, self.blobs.path(document.digest)

    async def draw_page(
        self, identity: Identity, id: DocumentId, page: int, *, width: int, passage: str | None
    ) -> bytes:
        """Return a page of the document as a WebP, with ``passage``, if any, marked on it.

        Raises ``NotFound``, ``InvalidField`` and ``UnreadableDocument``.
        """
        document, blob = await self.get_content(identity, id)
        if not MIN_WIDTH <= width <= MAX_WIDTH:
            raise InvalidField("width", f"`width` is {MIN_WIDTH} to {MAX_WIDTH}.")
        view = View(page=page, width=width)
        if passage is not None:
            found = await self.chunks.get(chunks_of(passage))
            if not found or any(chunk.document != id for chunk in found):
                raise NotFound("passage")
            text = "\n".join(chunk.text for chunk in found)
            view = View(page=page, width=width, part=found[0].part, text=text)
        return await self.pages.draw(blob, view, name=document.title)

    async def check_attachments(
        self, identity: Identity, workspace: WorkspaceId, ids: Sequence[DocumentId]
    ) -> None:
        """Raise ``InvalidField`` if one is no document of the workspace, or could not be read."""
        if not ids:
            return
        await require(self.workspaces, identity, "document:read", workspace)
        for id in ids:
            document = await self._find_document(id)
            if document is None or document.workspace != workspace:
                raise not_here("attachments", "document", id)
            if document.status == "failed":
                raise InvalidField(
                    "attachments", f"“{document.title}” could not be read: {document.reason}"
                )

    async def check_filter(
        self, identity: Identity, workspace: WorkspaceId, filter: Filter | None
    ) -> None:
        """Raise ``InvalidField`` if it names what is not in the workspace."""
        if filter is None:
            return
        await require(self.workspaces, identity, "document:read", workspace)
        for id in filter.documents:
            document = await self._find_document(id)
            if document is None or document.workspace != workspace:
                raise not_here("filter.documents", "document", id)
        known = {each.id for each in await self.collections.list_of(workspace)}
        for id in filter.collections:
            if id not in known:
                raise not_here("filter.collections", "collection", id)

    async def remove_document(self, identity: Identity, id: DocumentId) -> None:
        document = await self.get_document(identity, id)
        await require(self.workspaces, identity, "document:write", document.workspace)
        await self.intake.control.remove(id)

    async def find_passages(
        self,
        identity: Identity,
        workspace: WorkspaceId,
        query: str,
        *,
        limit: int,
        filter: Filter | None = None,
    ) -> tuple[Found, Scope]:
        """Return the passages of the workspace for ``query``, best first, and where they were
        searched: in the documents that meet ``filter``.
        """
        await require(self.workspaces, identity, "document:read", workspace)
        if not query.strip():
            raise InvalidField("query", "Search for something: `query` is empty.")
        if not 1 <= limit <= MAX_PASSAGES:
            raise InvalidField("limit", f"`limit` is 1 to {MAX_PASSAGES}.")
        filter = cleaned(filter)
        await self.check_filter(identity, workspace, filter)
        scope = await self.documents.scope(workspace, filter or EVERYTHING)
        within = scope.searchable if filter else None
        found = await self.search.search(
            workspace, query, limit=limit, within=within, parts=split(query)
        )
        return found, scope

    async def _find_document(self, id: DocumentId) -> Document | None:
        try:
            return await self.documents.get(id)
        except NotFound:
            return None

    async def _order_if_there(self, id: DocumentId, order: Order) -> None:
        with suppress(NotFound):  # it was removed just now
            await self._order(id, order)

    async def _order(self, id: DocumentId, order: Order) -> Document:
        control = self.intake.control
        match order:
            case "pause":
                return await control.pause(id)
            case "resume":
                return await control.resume(id)
            case "cancel":
                return await control.cancel(id)
            case "retry":
                return await control.retry(id)

    async def _create(self, identity: Identity, name: str) -> Workspace:
        id = WorkspaceId(self.new_id("w"))
        workspace = Workspace(id=id, name=clean_name(name), created_at=self.now())
        # First its log, without which nothing can be done in it.
        await self.log.create(workspace_log(id), name=id)
        await self.workspaces.create(workspace, owner=identity.principal.id)
        return workspace


def not_here(field: str, what: str, id: str) -> InvalidField:
    return InvalidField(field, f"This workspace has no {what} `{id[:64]}`.")


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


def clean_name(name: str) -> str:
    """Return what a workspace or a collection is called. Raises ``InvalidField``."""
    name = name.strip()
    if not name or len(name) > MAX_NAME:
        raise InvalidField("name", f"A name has 1 to {MAX_NAME} characters.")
    return name
