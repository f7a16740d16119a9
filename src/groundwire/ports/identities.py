from collections.abc import Collection, Sequence
from typing import Protocol

from groundwire.model.access import Credential, Identity, Principal
from groundwire.model.ids import PrincipalId, WorkspaceId


class Identities(Protocol):
    """Principals, what they may present, and the installation's own secrets."""

    async def add(self, principal: Principal) -> None:
        """Raises ``Conflict`` if the name is taken."""
        ...

    async def find_owner(self) -> Principal | None:
        """Return the installation's owner, who is the first principal there was."""
        ...

    async def find_password(self, name: str) -> tuple[Principal, str] | None:
        """Return the principal of that name and its password's hash, if it has one."""
        ...

    async def set_password(self, principal: PrincipalId, *, name: str, hash: str) -> None: ...

    async def find_workspace(self, principal: PrincipalId) -> WorkspaceId | None:
        """Return the principal's default workspace."""
        ...

    async def set_workspace(self, principal: PrincipalId, workspace: WorkspaceId) -> None: ...

    async def add_credential(self, credential: Credential, *, hash: bytes) -> None: ...

    async def find_credential(self, hash: bytes) -> Identity | None: ...

    async def list_credentials(self, principal: PrincipalId) -> Sequence[Credential]: ...

    async def remove_credential(self, id: str) -> None:
        """Revoke it. One that is not there is no error."""
        ...

    async def existing(self, credentials: Collection[str]) -> set[str]:
        """Return those of ``credentials`` that are not revoked."""
        ...

    async def secret(self, name: str, *, length: int = 32) -> bytes:
        """Return the installation's secret of that name; made at random on first use."""
        ...
