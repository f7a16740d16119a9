"""Principals and credentials in SQLite."""

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime

import apsw

from groundwire.adapters.embedded.store import Row, Store, Value, select, select_one
from groundwire.model.access import Credential, Identity, Principal
from groundwire.model.errors import Conflict
from groundwire.model.ids import Now, PrincipalId, WorkspaceId

_CREDENTIAL = "c.id, c.principal, c.kind, c.name, c.role, c.created_at, c.expires_at"
_PRINCIPAL = "p.id, p.name, p.role"


class SqliteIdentities:
    def __init__(self, store: Store, now: Now) -> None:
        self._store = store
        self._now = now

    async def add(self, principal: Principal) -> None:
        def insert(connection: apsw.Connection) -> None:
            try:
                connection.execute(
                    "INSERT INTO principals (id, name, role, created_at) VALUES (?, ?, ?, ?)",
                    (principal.id, principal.name, principal.role, self._now().isoformat()),
                )
            except apsw.ConstraintError as error:
                raise Conflict(f"The name {principal.name} is taken.") from error

        await self._store.write(insert)

    async def find_owner(self) -> Principal | None:
        row = await self._one(
            f"SELECT {_PRINCIPAL} FROM principals p WHERE role = 'owner' ORDER BY rowid LIMIT 1"
        )
        return _principal(row) if row else None

    async def find_password(self, name: str) -> tuple[Principal, str] | None:
        row = await self._one(
            f"SELECT {_PRINCIPAL}, p.password FROM principals p "
            "WHERE name = ? AND password IS NOT NULL",
            name,
        )
        return (_principal(row), row[3]) if row else None

    async def set_password(self, principal: PrincipalId, *, name: str, hash: str) -> None:
        await self._do(
            "UPDATE principals SET name = ?, password = ? WHERE id = ?", name, hash, principal
        )

    async def find_workspace(self, principal: PrincipalId) -> WorkspaceId | None:
        row = await self._one("SELECT workspace FROM principals WHERE id = ?", principal)
        return row[0] if row else None

    async def set_workspace(self, principal: PrincipalId, workspace: WorkspaceId) -> None:
        await self._do("UPDATE principals SET workspace = ? WHERE id = ?", workspace, principal)

    async def add_credential(self, credential: Credential, *, hash: bytes) -> None:
        expires_at = credential.expires_at.isoformat() if credential.expires_at else None
        await self._do(
            "INSERT INTO credentials (id, principal, kind, name, hash, role, created_at, "
            "expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            credential.id,
            credential.principal,
            credential.kind,
            credential.name,
            hash,
            credential.role,
            credential.created_at.isoformat(),
            expires_at,
        )

    async def find_credential(self, hash: bytes) -> Identity | None:
        row = await self._one(
            f"SELECT {_CREDENTIAL}, {_PRINCIPAL} FROM credentials c "
            "JOIN principals p ON p.id = c.principal WHERE c.hash = ?",
            hash,
        )
        if row is None:
            return None
        return Identity(credential=_credential(row[:7]), principal=_principal(row[7:]))

    async def list_credentials(self, principal: PrincipalId) -> Sequence[Credential]:
        def stored(connection: apsw.Connection) -> list[Credential]:
            sql = f"SELECT {_CREDENTIAL} FROM credentials c WHERE principal = ? ORDER BY rowid"
            return [_credential(row) for row in select(connection, sql, (principal,))]

        return await self._store.read(stored)

    async def remove_credential(self, id: str) -> None:
        await self._do("DELETE FROM credentials WHERE id = ?", id)

    async def existing(self, credentials: Collection[str]) -> set[str]:
        asked = list(credentials)

        def stored(connection: apsw.Connection) -> set[str]:
            marks = ",".join("?" * len(asked))
            sql = f"SELECT id FROM credentials WHERE id IN ({marks})"
            return {id for (id,) in select(connection, sql, asked)}

        return await self._store.read(stored)

    async def secret(self, name: str, *, length: int = 32) -> bytes:
        sql = "SELECT value FROM secrets WHERE name = ?"
        row = await self._one(sql, name)
        if row is None:
            value = secrets.token_bytes(length)
            await self._do("INSERT INTO secrets VALUES (?, ?) ON CONFLICT DO NOTHING", name, value)
            row = await self._one(sql, name)
        assert row is not None
        return bytes(row[0])

    async def _one(self, sql: str, *values: Value) -> Row | None:
        return self._store.glance(lambda connection: select_one(connection, sql, values))

    async def _do(self, sql: str, *values: Value) -> None:
        await self._store.write(lambda connection: select(connection, sql, values))


def _principal(row: Row) -> Principal:
    return Principal(id=row[0], name=row[1], role=row[2])


def _credential(row: Row) -> Credential:
    id, principal, kind, name, role, created_at, expires_at = row
    return Credential(
        id=id,
        principal=principal,
        kind=kind,
        name=name,
        role=role,
        created_at=datetime.fromisoformat(created_at),
        expires_at=datetime.fromisoformat(expires_at) if expires_at else None,
    )
