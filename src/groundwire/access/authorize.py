"""The one guard: deny, unless a role in the workspace permits."""

from groundwire.model.access import ROLES, Identity, Permission, Role, lower, permits
from groundwire.model.errors import Forbidden, NotFound
from groundwire.model.ids import WorkspaceId
from groundwire.ports.documents import Workspaces


async def require(
    workspaces: Workspaces, identity: Identity, permission: Permission, workspace: WorkspaceId
) -> Role:
    """Return the role in which ``identity`` may do this.

    Raises ``NotFound`` to one who has no role there, so that nobody can probe for
    workspaces, and ``Forbidden`` to one whose role does not reach.
    """
    granted = await workspaces.role_of(identity.principal.id, workspace)
    if granted not in ROLES:
        raise NotFound("workspace")
    role = lower(granted, identity.credential.role)
    if not permits(role, permission):
        raise Forbidden(f"Your role here is {role}, which may not do this ({permission}).")
    return role


def require_editor(identity: Identity) -> None:
    """Raise ``Forbidden`` to one who may only read in the installation."""
    if lower(identity.principal.role, identity.credential.role) == "reader":
        raise Forbidden("Your role here is reader, which may not do this.")


def require_whole(identity: Identity) -> None:
    """Raise ``Forbidden`` to a credential that may do less than its principal."""
    if lower(identity.principal.role, identity.credential.role) != identity.principal.role:
        raise Forbidden("This key may not do all that you may. Sign in to do this.")


def require_owner(identity: Identity) -> None:
    """Raise ``Forbidden`` unless the identity may manage the installation."""
    if lower(identity.principal.role, identity.credential.role) != "owner":
        raise Forbidden("Only the installation's owner may do this.")
