"""Where conversations belong, in SQLite. What was said is in the log."""

from collections.abc import Sequence
from datetime import datetime

import apsw

from groundwire.adapters.embedded.store import Row, Store, Value, select, select_one
from groundwire.model.errors import NotFound
from groundwire.model.ids import ConversationId, PrincipalId, WorkspaceId
from groundwire.ports.conversations import Conversation

_COLUMNS = "id, principal, name, workspace, title, created_at, updated_at"


class SqliteConversations:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def add(self, conversation: Conversation) -> Conversation:
        def insert(connection: apsw.Connection) -> Row | None:
            connection.execute(
                f"INSERT INTO conversations ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (principal, name) DO NOTHING",
                (
                    conversation.id,
                    conversation.principal,
                    conversation.name,
                    conversation.workspace,
                    conversation.title,
                    conversation.created_at.isoformat(),
                    conversation.updated_at.isoformat(),
                ),
            )
            return select_one(
                connection,
                f"SELECT {_COLUMNS} FROM conversations WHERE principal = ? AND name = ?",
                (conversation.principal, conversation.name),
            )

        # The question that it begins with is synced, and the conversation with it.
        row = await self._store.write(insert, sync=False)
        assert row is not None
        return _conversation(row)

    async def find(self, principal: PrincipalId, name: str) -> Conversation | None:
        row = await self._one("WHERE principal = ? AND name = ?", principal, name)
        return _conversation(row) if row else None

    async def get(self, id: ConversationId) -> Conversation:
        row = await self._one("WHERE id = ?", id)
        if row is None:
            raise NotFound("conversation")
        return _conversation(row)

    async def list_of(
        self, principal: PrincipalId, workspace: WorkspaceId
    ) -> Sequence[Conversation]:
        sql = (
            f"SELECT {_COLUMNS} FROM conversations WHERE principal = ? AND workspace = ? "
            "ORDER BY updated_at DESC"
        )
        rows = await self._store.read(
            lambda connection: select(connection, sql, (principal, workspace))
        )
        return [_conversation(row) for row in rows]

    async def touch(self, id: ConversationId, *, at: datetime, title: str | None) -> None:
        await self._do(
            "UPDATE conversations SET updated_at = ?, title = coalesce(title, ?) WHERE id = ?",
            at.isoformat(),
            title,
            id,
        )

    async def rename(self, id: ConversationId, title: str) -> None:
        await self._do("UPDATE conversations SET title = ? WHERE id = ?", title, id)

    async def remove(self, id: ConversationId) -> None:
        await self._do("DELETE FROM conversations WHERE id = ?", id)

    async def _one(self, where: str, *values: Value) -> Row | None:
        sql = f"SELECT {_COLUMNS} FROM conversations {where}"
        return self._store.glance(lambda connection: select_one(connection, sql, values))

    async def _do(self, sql: str, *values: Value) -> None:
        await self._store.write(lambda connection: select(connection, sql, values), sync=False)


def _conversation(row: Row) -> Conversation:
    id, principal, name, workspace, title, created_at, updated_at = row
    return Conversation(
        id=id,
        principal=principal,
        name=name,
        workspace=workspace,
        title=title,
        created_at=datetime.fromisoformat(created_at),
        updated_at=datetime.fromisoformat(updated_at),
    )
