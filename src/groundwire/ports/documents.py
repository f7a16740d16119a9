from collections.abc import Callable, Sequence, Set
from datetime import datetime
from typing import NamedTuple, Protocol

import msgspec

from groundwire.model.documents import Batch, Document, DocumentStatus
from groundwire.model.filters import EVERYTHING, Collection, Filter, Scope
from groundwire.model.ids import BatchId, CollectionId, DocumentId, PrincipalId, WorkspaceId
from groundwire.model.workspace_events import WorkspaceEvent

Tell = Callable[[Document, Document], Sequence[WorkspaceEvent]]
"""What a workspace is told of a document, from how it was and how it is."""


def tell_nothing(_before: Document, _after: Document) -> Sequence[WorkspaceEvent]:
    return ()


class Workspace(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The wall between tenants; owns documents and conversations.

    ``model`` is what its questions get by default; ``None`` is ``auto``.
    """

    id: WorkspaceId
    name: str
    created_at: datetime
    model: str | None = None


class Workspaces(Protocol):
    async def create(self, workspace: Workspace, *, owner: PrincipalId) -> None: ...

    async def get(self, workspace: WorkspaceId) -> Workspace:
        """Raises ``NotFound``."""
        ...

    async def list_of(self, principal: PrincipalId) -> Sequence[Workspace]:
        """Return the workspaces that the principal has a role in, oldest first."""
        ...

    async def role_of(self, principal: PrincipalId, workspace: WorkspaceId) -> str | None:
        """Return the principal's role there, or ``None``."""
        ...

    async def change(self, workspace: Workspace) -> None:
        """Store the new name and model. Raises ``NotFound``."""
        ...


class Used(NamedTuple):
    """What of the index and of the stored bytes is some document's, of any workspace."""

    documents: Set[DocumentId]
    digests: Set[str]


class Documents(Protocol):
    async def add(self, document: Document, *events: WorkspaceEvent) -> Document:
        """Store ``document`` and tell its workspace ``events``, in one step.

        Or return the one in its workspace that has its digest, or will have it as its next
        version, and tell nothing.
        """
        ...

    async def get(self, document: DocumentId) -> Document:
        """Raises ``NotFound``."""
        ...

    async def list_of(
        self,
        workspace: WorkspaceId,
        *,
        filter: Filter = EVERYTHING,
        status: DocumentStatus | None = None,
    ) -> Sequence[Document]:
        """Return the workspace's documents that meet ``filter``, newest first.

        With ``status``, those that have come so far.
        """
        ...

    async def scope(self, workspace: WorkspaceId, filter: Filter) -> Scope:
        """Return which of the workspace's documents meet ``filter``."""
        ...

    async def list_pinned(self, workspace: WorkspaceId) -> Sequence[Document]:
        """Return the workspace's pinned documents, oldest first."""
        ...

    async def label(
        self,
        document: DocumentId,
        *,
        tags: tuple[str, ...] | None = None,
        pinned: bool | None = None,
        collections: tuple[CollectionId, ...] | None = None,
    ) -> Document:
        """Store what is given in place of what was there, and return the document.

        If it makes a difference, its workspace is told in the same step (`DocumentLabelled`).
        Work on it goes on. Durable on return. Raises ``NotFound``, also for a collection that
        is not of the document's workspace.
        """
        ...

    async def list_unfinished(self) -> Sequence[Document]:
        """Return the documents that are neither ready nor failed, oldest first."""
        ...

    async def update(self, document: Document, *events: WorkspaceEvent) -> bool:
        """Store how far the work on it has come and tell its workspace ``events``, in one step.

        ``False``, and nothing is stored or told, if it is gone or `change` came in between:
        then the work is not to go on.
        """
        ...

    async def change(
        self,
        document: DocumentId,
        change: Callable[[Document], Document],
        tell: Tell = tell_nothing,
    ) -> Document:
        """Store and return what ``change`` makes of the document as it is now.

        If it makes a difference, what ``tell`` has to say of it is told in the same step, and
        work that has begun comes to nothing, see `update`. Durable on return. Raises
        ``NotFound``, and what ``change`` raises.
        """
        ...

    async def list_batch(self, workspace: WorkspaceId, batch: BatchId) -> Sequence[Document]:
        """Return the batch's documents, oldest first; none for a batch that is unknown."""
        ...

    async def list_batches(
        self, workspace: WorkspaceId, *, batch: BatchId | None = None
    ) -> Sequence[Batch]:
        """Return the workspace's batches, newest first, or only this one."""
        ...

    async def find(self, workspace: WorkspaceId, digest: str) -> Document | None:
        """Return the workspace's document that has these bytes, or will have."""
        ...

    async def is_used(self, digest: str) -> bool:
        """Tell whether a document has these bytes, or will have."""
        ...

    async def list_used(self) -> Used:
        """Return the ids of all documents, and the digests of the bytes they have or will have."""
        ...

    async def remove(self, document: DocumentId) -> None:
        """Forget the document and tell its workspace in the same step (`DocumentRemoved`).

        Durable on return. Raises ``NotFound``.
        """
        ...


class Collections(Protocol):
    """All is durable on return, and told to the workspace in the same step.

    Documents that go leave their collections.
    """

    async def create(self, collection: Collection) -> None:
        """Raises ``Conflict`` if the workspace has one of that name."""
        ...

    async def get(self, collection: CollectionId) -> Collection:
        """Raises ``NotFound``."""
        ...

    async def list_of(self, workspace: WorkspaceId) -> Sequence[Collection]:
        """Return the workspace's collections, oldest first."""
        ...

    async def change(
        self,
        collection: CollectionId,
        *,
        name: str | None = None,
        add: Sequence[DocumentId] = (),
        remove: Sequence[DocumentId] = (),
    ) -> Collection:
        """Give it another name, documents more and documents less, in one step.

        A document that is in already, or out, is no error. Raises ``NotFound``, also for a
        document that is not of its workspace, and ``Conflict`` as `create`.
        """
        ...

    async def remove(self, collection: CollectionId) -> None:
        """Forget the collection; its documents stay. Raises ``NotFound``."""
        ...
