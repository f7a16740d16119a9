"""`groundwire key …`: works beside a running server; they share the database."""

from collections.abc import Mapping

from groundwire.bootstrap import open_accounts
from groundwire.model.access import Role
from groundwire.model.errors import NotFound
from groundwire.settings import load


async def create(flags: Mapping[str, object], name: str, role: Role) -> int:
    async with open_accounts(load(flags).settings) as accounts:
        owner = await accounts.authenticator.owner()
        key = await accounts.authenticator.issue_key(owner, name, role)
    print(key)  # noqa: T201
    return 0


async def show(flags: Mapping[str, object]) -> int:
    async with open_accounts(load(flags).settings) as accounts:
        owner = await accounts.authenticator.owner()
        credentials = await accounts.identities.list_credentials(owner.id)
    for key in credentials:
        if key.kind == "key":
            print(f"{key.id}  {key.role:6}  {key.created_at:%Y-%m-%d}  {key.name}")  # noqa: T201
    return 0


async def revoke(flags: Mapping[str, object], id: str) -> int:
    async with open_accounts(load(flags).settings) as accounts:
        owner = await accounts.authenticator.owner()
        credentials = await accounts.identities.list_credentials(owner.id)
        if id not in {key.id for key in credentials if key.kind == "key"}:
            raise NotFound("key; `groundwire key list` shows those there are")
        await accounts.authenticator.revoke(id)
    return 0
