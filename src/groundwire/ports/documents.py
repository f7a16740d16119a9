from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from groundwire.model.documents import Batch, Document
from groundwire.model.ids import BatchId, DocumentId, PrincipalId, WorkspaceId


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


class Documents(Protocol):
    async def add(self, document: Document) -> Document:
        """Store ``document``, or return the one in its workspace that has its digest.

        Or will have it, as its next version.
        """
        ...

    async def get(self, document: DocumentId) -> Document:
        """Raises ``NotFound``."""
        ...

    async def list_of(self, workspace: WorkspaceId) -> Sequence[Document]:
        """Return the workspace's documents, newest first."""
        ...

    async def list_unfinished(self) -> Sequence[Document]:
        """Return the documents that are neither ready nor failed, oldest first."""
        ...

    async def update(self, document: Document) -> bool:
        """Store how far the work on it has come.

        ``False``, and nothing is stored, if it is gone or `change` came in between: then the
        work is not to go on.
        """
        ...

    async def change(
        self, document: DocumentId, change: Callable[[Document], Document]
    ) -> Document:
        """Store and return what ``change`` makes of the document as it is now.

        If it makes a difference, work that has begun comes to nothing, see `update`. Durable
        on return. Raises ``NotFound``, and what ``change`` raises.
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

    async def remove(self, document: DocumentId) -> None:
        """Forget the document. One that is not there is no error."""
        ...
