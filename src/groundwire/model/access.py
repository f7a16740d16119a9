"""Who acts, and what each role may do."""

from datetime import datetime
from typing import Literal

import msgspec

from groundwire.model.ids import PrincipalId

Role = Literal["reader", "editor", "owner"]
Permission = Literal[
    "workspace:read",
    "workspace:manage",
    "document:read",
    "document:write",
    "conversation:ask",
]

_RANK: dict[Role, int] = {"reader": 1, "editor": 2, "owner": 3}
_LEAST: dict[Permission, Role] = {
    "workspace:read": "reader",
    "workspace:manage": "owner",
    "document:read": "reader",
    "document:write": "editor",
    "conversation:ask": "reader",
}
CredentialKind = Literal["key", "session", "setup"]
ROLES: tuple[Role, ...] = ("reader", "editor", "owner")


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever acts, once authenticated. ``role`` is in the installation."""

    id: PrincipalId
    name: str
    role: Role = "editor"


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody presented to prove who they are; ``role`` caps what it may do."""

    id: str
    principal: PrincipalId
    kind: CredentialKind
    name: str
    role: Role
    created_at: datetime
    expires_at: datetime | None = None


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A principal, by the credential that it came with."""

    principal: Principal
    credential: Credential


def permits(role: Role, permission: Permission) -> bool:
    return _RANK[role] >= _RANK[_LEAST[permission]]


def lower(one: Role, other: Role) -> Role:
    """Return the role of the two that may do less."""
    return one if _RANK[one] <= _RANK[other] else other
