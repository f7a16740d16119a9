"""Workspaces and documents in the SQLite file."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import apsw
import msgspec

from groundwire.adapters.embedded import labels
from groundwire.adapters.embedded.event_log import SqliteEventLog, Told
from groundwire.adapters.embedded.filters import condition
from groundwire.adapters.embedded.store import Row, Store, Value, select, select_one
from groundwire.model.documents import Batch, Document, DocumentStatus
from groundwire.model.errors import NotFound
from groundwire.model.filters import EVERYTHING, Filter, Scope
from groundwire.model.ids import (
    BatchId,
    CollectionId,
    DocumentId,
    PrincipalId,
    WorkspaceId,
)
from groundwire.model.workspace_events import DocumentLabelled, DocumentRemoved, WorkspaceEvent
from groundwire.ports.documents import Tell, Used, Workspace, tell_nothing

_ALL = tuple(field.name for field in msgspec.structs.fields(Document))
_FIELDS = tuple(name for name in _ALL if name not in labels.FIELDS)
_COLUMNS = ", ".join(_FIELDS)
# The names are our own; every value is bound.
_INSERT = f"INSERT INTO documents ({_COLUMNS}) VALUES ({', '.join('?' * len(_FIELDS))})"
_HAS_BYTES = "(digest = ?1 OR json_extract(next, '$.digest') = ?1)"
_SET = ", ".join(f"{name} = ?" for name in _FIELDS)
_UPDATE = f"UPDATE documents SET {_SET} WHERE id = ? AND fence = ?"
_SELECT = f"SELECT {', '.join(labels.FIELDS.get(name, name) for name in _ALL)} FROM documents"
_NEWEST = "ORDER BY created_at DESC, rowid DESC"
_BATCHES = (
    "SELECT batch, min(created_at), count(*), count(*) FILTER (WHERE status = 'ready'), "
    "count(*) FILTER (WHERE status = 'failed'), "
    "count(*) FILTER (WHERE paused AND status NOT IN ('ready', 'failed')) "
    "FROM documents WHERE workspace = ? AND batch IS NOT NULL AND batch = ifnull(?, batch) "
    "GROUP BY batch ORDER BY 2 DESC, batch"
)


class SqliteWorkspaces:
    """`Workspaces` over a `Store`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def create(self, workspace: Workspace, *, owner: PrincipalId) -> None:
        def work(connection: apsw.Connection) -> None:
            connection.execute(
                "INSERT INTO workspaces (id, name, model, created_at) VALUES (?, ?, ?, ?)",
                (workspace.id, workspace.name, workspace.model, workspace.created_at.isoformat()),
            )
            connection.execute(
                "INSERT INTO grants (principal, workspace, role) VALUES (?, ?, 'owner')",
                (owner, workspace.id),
            )

        await self._store.write(work)

    async def get(self, workspace: WorkspaceId) -> Workspace:
        row = await self._store.read(
            lambda connection: select_one(
                connection,
                "SELECT id, name, model, created_at FROM workspaces WHERE id = ?",
                (workspace,),
            )
        )
        if row is None:
            raise NotFound("workspace")
        return _workspace(row)

    async def list_of(self, principal: PrincipalId) -> Sequence[Workspace]:
        rows = await self._store.read(
            lambda connection: select(
                connection,
                "SELECT w.id, w.name, w.model, w.created_at FROM grants g "
                "JOIN workspaces w ON w.id = g.workspace WHERE g.principal = ? "
                "ORDER BY w.created_at, w.rowid",
                (principal,),
            )
        )
        return [_workspace(row) for row in rows]

    async def role_of(self, principal: PrincipalId, workspace: WorkspaceId) -> str | None:
        row = await self._store.read(
            lambda connection: select_one(
                connection,
                "SELECT role FROM grants WHERE principal = ? AND workspace = ?",
                (principal, workspace),
            )
        )
        return None if row is None else str(row[0])

    async def change(self, workspace: Workspace) -> None:
        def work(connection: apsw.Connection) -> None:
            connection.execute(
                "UPDATE workspaces SET name = ?, model = ? WHERE id = ?",
                (workspace.name, workspace.model, workspace.id),
            )
            if connection.changes() == 0:
                raise NotFound("workspace")

        await self._store.write(work)


class SqliteDocuments:
    """`Documents` over a `Store`, which is that of ``log`` as well."""

    def __init__(self, store: Store, log: SqliteEventLog) -> None:
        self._store = store
        self._log = log

    async def add(self, document: Document, *events: WorkspaceEvent) -> Document:
        def work(connection: apsw.Connection) -> Told[Document]:
            found = _find(connection, document.workspace, document.digest)
            if found is not None:
                return found, found.workspace, ()
            connection.execute(_INSERT, _values(document))
            return document, document.workspace, events

        return await self._log.tell(work)

    async def get(self, document: DocumentId) -> Document:
        return self._store.glance(lambda connection: find_document(connection, document))

    async def list_of(
        self,
        workspace: WorkspaceId,
        *,
        filter: Filter = EVERYTHING,
        status: DocumentStatus | None = None,
    ) -> Sequence[Document]:
        met, values = condition(workspace, filter)
        if status is not None:
            met, values = f"{met} AND status = ?", [*values, status]
        return await self._list(f"WHERE {met} {_NEWEST}", *values)

    async def scope(self, workspace: WorkspaceId, filter: Filter) -> Scope:
        met, values = condition(workspace, filter)
        rows = await self._store.read(
            lambda connection: select(
                connection, f"SELECT id, searchable FROM documents WHERE {met}", values
            )
        )
        searchable = tuple(DocumentId(id) for id, how in rows if how != "none")
        return Scope(total=len(rows), searchable=searchable)

    async def list_pinned(self, workspace: WorkspaceId) -> Sequence[Document]:
        return await self._list("WHERE workspace = ? AND pinned ORDER BY created_at", workspace)

    async def label(
        self,
        document: DocumentId,
        *,
        tags: tuple[str, ...] | None = None,
        pinned: bool | None = None,
        collections: tuple[CollectionId, ...] | None = None,
    ) -> Document:
        def work(connection: apsw.Connection) -> Told[Document]:
            before = find_document(connection, document)
            if tags is not None:
                labels.set_tags(connection, document, tags)
            if pinned is not None:
                labels.set_pinned(connection, document, pinned=pinned)
            if collections is not None:
                labels.set_collections(connection, before, collections)
            after = find_document(connection, document)
            return after, after.workspace, [] if after == before else [DocumentLabelled.of(after)]

        return await self._log.tell(work)

    async def list_unfinished(self) -> Sequence[Document]:
        return await self._list(
            "WHERE status NOT IN ('ready', 'failed') ORDER BY created_at, rowid"
        )

    async def update(self, document: Document, *events: WorkspaceEvent) -> bool:
        values = (*_values(document), document.id, document.fence)

        def work(connection: apsw.Connection) -> Told[bool]:
            connection.execute(_UPDATE, values)
            is_stored = connection.changes() > 0
            return is_stored, document.workspace, events if is_stored else ()

        # Progress may be lost with the power: the job that reports it starts again then.
        return await self._log.tell(work, sync=False)

    async def change(
        self,
        document: DocumentId,
        change: Callable[[Document], Document],
        tell: Tell = tell_nothing,
    ) -> Document:
        def work(connection: apsw.Connection) -> Told[Document]:
            before = find_document(connection, document)
            changed = change(before)
            if changed == before:
                return before, before.workspace, ()
            changed = msgspec.structs.replace(changed, fence=before.fence + 1)
            connection.execute(_UPDATE, (*_values(changed), document, before.fence))
            return changed, changed.workspace, tell(before, changed)

        return await self._log.tell(work)

    async def list_batch(self, workspace: WorkspaceId, batch: BatchId) -> Sequence[Document]:
        return await self._list(
            "WHERE workspace = ? AND batch = ? ORDER BY created_at, rowid", workspace, batch
        )

    async def list_batches(
        self, workspace: WorkspaceId, *, batch: BatchId | None = None
    ) -> Sequence[Batch]:
        rows = await self._store.read(
            lambda connection: select(connection, _BATCHES, (workspace, batch))
        )
        return [_batch(workspace, row) for row in rows]

    async def find(self, workspace: WorkspaceId, digest: str) -> Document | None:
        return await self._store.read(lambda connection: _find(connection, workspace, digest))

    async def is_used(self, digest: str) -> bool:
        found = await self._store.read(
            lambda connection: select_one(
                connection, f"SELECT 1 FROM documents WHERE {_HAS_BYTES}", (digest,)
            )
        )
        return found is not None

    async def list_used(self) -> Used:
        rows = await self._store.read(
            lambda connection: select(
                connection, "SELECT id, digest, json_extract(next, '$.digest') FROM documents"
            )
        )
        return Used(
            documents={DocumentId(id) for id, _, _ in rows},
            digests={digest for _, *digests in rows for digest in digests if digest},
        )

    async def remove(self, document: DocumentId) -> None:
        def work(connection: apsw.Connection) -> Told[None]:
            found = find_document(connection, document)
            connection.execute("DELETE FROM documents WHERE id = ?", (document,))
            removed = DocumentRemoved(document_id=document, title=found.title)
            return None, found.workspace, [removed]

        await self._log.tell(work)

    async def _list(self, condition: str, *values: Value) -> Sequence[Document]:
        rows = await self._store.read(
            lambda connection: select(connection, f"{_SELECT} {condition}", values)
        )
        return [_document(row) for row in rows]


def find_document(connection: apsw.Connection, document: DocumentId) -> Document:
    """Raises ``NotFound``."""
    row = select_one(connection, f"{_SELECT} WHERE id = ?", (document,))
    if row is None:
        raise NotFound("document")
    return _document(row)


def _find(connection: apsw.Connection, workspace: WorkspaceId, digest: str) -> Document | None:
    row = select_one(
        connection, f"{_SELECT} WHERE {_HAS_BYTES} AND workspace = ?2", (digest, workspace)
    )
    return _document(row) if row else None


def _workspace(row: Row) -> Workspace:
    id, name, model, created_at = row
    return Workspace(
        id=WorkspaceId(id), name=name, model=model, created_at=datetime.fromisoformat(created_at)
    )


def _batch(workspace: WorkspaceId, row: Row) -> Batch:
    id, created_at, total, ready, failed, paused = row
    return Batch(
        id=BatchId(id),
        workspace=workspace,
        created_at=datetime.fromisoformat(created_at),
        total=total,
        ready=ready,
        failed=failed,
        paused=paused,
    )


def _values(document: Document) -> tuple[Any, ...]:
    values = msgspec.structs.asdict(document)
    values["created_at"] = document.created_at.isoformat()
    values["unread"] = msgspec.json.encode(document.unread).decode()
    values["next"] = msgspec.json.encode(document.next).decode() if document.next else None
    values["dated_at"] = document.dated_at and document.dated_at.isoformat()
    return tuple(values[name] for name in _FIELDS)


def _document(row: Row) -> Document:
    values = dict(zip(_ALL, row, strict=True))
    values["paused"], values["pinned"] = bool(values["paused"]), bool(values["pinned"])
    for name in ("unread", "tags", "collections"):
        values[name] = msgspec.json.decode(values[name])
    values["next"] = msgspec.json.decode(values["next"]) if values["next"] else None
    return msgspec.convert(values, Document)
