"""Collections in the SQLite file."""

from collections.abc import Sequence
from datetime import datetime

import apsw
import msgspec

from groundwire.adapters.embedded.documents import find_document
from groundwire.adapters.embedded.event_log import SqliteEventLog, Told
from groundwire.adapters.embedded.store import Row, Store, select, select_one
from groundwire.model.errors import Conflict, NotFound
from groundwire.model.filters import Collection
from groundwire.model.ids import CollectionId, DocumentId, WorkspaceId
from groundwire.model.workspace_events import (
    CollectionChange,
    CollectionChanged,
    DocumentLabelled,
    WorkspaceEvent,
)

_SELECT = (
    "SELECT id, workspace, name, created_at, "
    "(SELECT count(*) FROM collected WHERE collection = id) FROM collections"
)


class SqliteCollections:
    """`Collections` over a `Store`, which is that of ``log`` as well."""

    def __init__(self, store: Store, log: SqliteEventLog) -> None:
        self._store = store
        self._log = log

    async def create(self, collection: Collection) -> None:
        def work(connection: apsw.Connection) -> Told[None]:
            _require_free(connection, collection.workspace, collection.name)
            connection.execute(
                "INSERT INTO collections (id, workspace, name, created_at) VALUES (?, ?, ?, ?)",
                (
                    *(collection.id, collection.workspace, collection.name),
                    collection.created_at.isoformat(),
                ),
            )
            return None, collection.workspace, [_changed(collection, "created")]

        await self._log.tell(work)

    async def get(self, collection: CollectionId) -> Collection:
        return self._store.glance(lambda connection: _get(connection, collection))

    async def list_of(self, workspace: WorkspaceId) -> Sequence[Collection]:
        rows = await self._store.read(
            lambda connection: select(
                connection,
                f"{_SELECT} WHERE workspace = ? ORDER BY created_at, rowid",
                (workspace,),
            )
        )
        return [_collection(row) for row in rows]

    async def change(
        self,
        collection: CollectionId,
        *,
        name: str | None = None,
        add: Sequence[DocumentId] = (),
        remove: Sequence[DocumentId] = (),
    ) -> Collection:
        def work(connection: apsw.Connection) -> Told[Collection]:
            found = _get(connection, collection)
            events: list[WorkspaceEvent] = []
            if name is not None and name != found.name:
                _require_free(connection, found.workspace, name)
                connection.execute(
                    "UPDATE collections SET name = ? WHERE id = ?", (name, collection)
                )
                events.append(_changed(msgspec.structs.replace(found, name=name), "renamed"))
            moved = [document for document in add if _add(connection, found, document)]
            moved += [document for document in remove if _drop(connection, found, document)]
            events += [
                DocumentLabelled.of(find_document(connection, document))
                for document in dict.fromkeys(moved)
            ]
            return _get(connection, collection), found.workspace, events

        return await self._log.tell(work)

    async def remove(self, collection: CollectionId) -> None:
        def work(connection: apsw.Connection) -> Told[None]:
            found = _get(connection, collection)
            connection.execute("DELETE FROM collections WHERE id = ?", (collection,))
            return None, found.workspace, [_changed(found, "removed")]

        await self._log.tell(work)


def _get(connection: apsw.Connection, collection: CollectionId) -> Collection:
    row = select_one(connection, f"{_SELECT} WHERE id = ?", (collection,))
    if row is None:
        raise NotFound("collection")
    return _collection(row)


def _add(connection: apsw.Connection, collection: Collection, document: DocumentId) -> bool:
    """Return whether it was out. Raises ``NotFound``."""
    there = select_one(
        connection,
        "SELECT 1 FROM documents WHERE id = ? AND workspace = ?",
        (document, collection.workspace),
    )
    if there is None:
        raise NotFound("document")
    connection.execute("INSERT OR IGNORE INTO collected VALUES (?, ?)", (collection.id, document))
    return connection.changes() > 0


def _drop(connection: apsw.Connection, collection: Collection, document: DocumentId) -> bool:
    """Return whether it was in."""
    connection.execute(
        "DELETE FROM collected WHERE collection = ? AND document = ?", (collection.id, document)
    )
    return connection.changes() > 0


def _changed(collection: Collection, change: CollectionChange) -> CollectionChanged:
    return CollectionChanged(collection_id=collection.id, name=collection.name, change=change)


def _require_free(connection: apsw.Connection, workspace: WorkspaceId, name: str) -> None:
    """Raises ``Conflict``."""
    there = select_one(
        connection, "SELECT 1 FROM collections WHERE workspace = ? AND name = ?", (workspace, name)
    )
    if there is not None:
        raise Conflict(f"There is a collection “{name}” already. Choose another name.")


def _collection(row: Row) -> Collection:
    id, workspace, name, created_at, documents = row
    return Collection(
        id=CollectionId(id),
        workspace=WorkspaceId(workspace),
        name=name,
        created_at=datetime.fromisoformat(created_at),
        documents=documents,
    )
