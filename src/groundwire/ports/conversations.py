from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from groundwire.model.ids import ConversationId, PrincipalId, WorkspaceId


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """Where a conversation belongs.

    ``name`` is its sessionId on the wire: its ``id``, or what its principal's client
    invented, which nobody else can find it by.
    """

    id: ConversationId
    principal: PrincipalId
    name: str
    workspace: WorkspaceId
    created_at: datetime
    updated_at: datetime
    title: str | None = None


class Conversations(Protocol):
    async def add(self, conversation: Conversation) -> Conversation:
        """Store it, or return the one that its principal has under its name."""
        ...

    async def find(self, principal: PrincipalId, name: str) -> Conversation | None: ...

    async def get(self, id: ConversationId) -> Conversation:
        """Return the conversation of that id, whoever's it is. Raises ``NotFound``."""
        ...

    async def list_of(
        self, principal: PrincipalId, workspace: WorkspaceId
    ) -> Sequence[Conversation]:
        """Return the principal's conversations there, the last touched first."""
        ...

    async def touch(self, id: ConversationId, *, at: datetime, title: str | None) -> None:
        """Note that something was asked; ``title`` is kept only if there is none yet."""
        ...

    async def rename(self, id: ConversationId, title: str) -> None: ...

    async def remove(self, id: ConversationId) -> None: ...
