"""Feeds and their items in the SQLite file."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import apsw
import msgspec

from groundwire.adapters.embedded.store import Row, Store, select, select_one
from groundwire.model.errors import NotFound
from groundwire.model.feeds import Feed, FeedItem
from groundwire.model.ids import DocumentId, FeedId, WorkspaceId
from groundwire.ports.feeds import Unheld

_FIELDS = tuple(field.name for field in msgspec.structs.fields(Feed))
_COLUMNS = ", ".join(_FIELDS)
_MARKS = ", ".join("?" * len(_FIELDS))
_JSON = ("options", "counts", "refusals")
_FLAGS = ("removed", "paused", "keeps_documents")
_SELECT = f"SELECT {_COLUMNS} FROM feeds"
_ITEM_FIELDS = tuple(field.name for field in msgspec.structs.fields(FeedItem))
_ITEM_COLUMNS = ", ".join(_ITEM_FIELDS)
_UNHELD = (
    "SELECT d.id, (SELECT feed FROM feed_items WHERE document = d.id LIMIT 1) FROM documents d "
    "WHERE d.feed = ?1 "
    "AND NOT EXISTS (SELECT 1 FROM feed_items WHERE document = d.id AND feed = ?1)"
)


class SqliteFeeds:
    """`Feeds` over a `Store`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def add(self, feed: Feed) -> None:
        await self._store.write(lambda connection: _put(connection, feed))

    async def get(self, feed: FeedId) -> Feed:
        return self._store.glance(lambda connection: _get(connection, feed))

    async def list_of(self, workspace: WorkspaceId) -> Sequence[Feed]:
        return await self._list(
            "WHERE workspace = ? AND NOT removed ORDER BY created_at, rowid", workspace
        )

    async def list_due(self, now: datetime) -> Sequence[Feed]:
        return await self._list(
            "WHERE next_at <= ? AND NOT removed AND NOT paused ORDER BY next_at", _seconds(now)
        )

    async def list_unfinished(self) -> Sequence[Feed]:
        return await self._list(
            "WHERE (status = 'syncing' AND NOT paused) OR removed ORDER BY created_at, rowid"
        )

    async def change(
        self, feed: FeedId, change: Callable[[Feed], Feed], *, sync: bool = True
    ) -> Feed:
        def work(connection: apsw.Connection) -> Feed:
            changed = change(_get(connection, feed))
            _put(connection, changed)
            return changed

        return await self._store.write(work, sync=sync)

    async def forget(self, feed: FeedId) -> None:
        def work(connection: apsw.Connection) -> None:
            connection.execute("DELETE FROM feed_items WHERE feed = ?", (feed,))
            connection.execute("DELETE FROM feeds WHERE id = ?", (feed,))

        await self._store.write(work)

    async def list_items(self, feed: FeedId) -> Sequence[FeedItem]:
        rows = await self._store.read(
            lambda connection: select(
                connection, f"SELECT {_ITEM_COLUMNS} FROM feed_items WHERE feed = ?", (feed,)
            )
        )
        return [
            msgspec.convert(dict(zip(_ITEM_FIELDS, row, strict=True)), FeedItem) for row in rows
        ]

    async def keep(self, item: FeedItem) -> None:
        def work(connection: apsw.Connection) -> None:
            connection.execute(
                f"INSERT OR REPLACE INTO feed_items ({_ITEM_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",
                msgspec.structs.astuple(item),
            )

        await self._store.write(work)

    async def drop(self, feed: FeedId, uris: Sequence[str]) -> None:
        def work(connection: apsw.Connection) -> None:
            connection.executemany(
                "DELETE FROM feed_items WHERE feed = ? AND uri = ?", [(feed, uri) for uri in uris]
            )

        await self._store.write(work)

    async def count_holders(self, document: DocumentId) -> int:
        row = self._store.glance(
            lambda connection: select_one(
                connection, "SELECT count(*) FROM feed_items WHERE document = ?", (document,)
            )
        )
        return row[0] if row else 0

    async def list_unheld(self, feed: FeedId) -> Sequence[Unheld]:
        rows = await self._store.read(lambda connection: select(connection, _UNHELD, (feed,)))
        return [Unheld(DocumentId(document), other and FeedId(other)) for document, other in rows]

    async def _list(self, condition: str, *values: str | float) -> Sequence[Feed]:
        rows = await self._store.read(
            lambda connection: select(connection, f"{_SELECT} {condition}", values)
        )
        return [_feed(row) for row in rows]


def _get(connection: apsw.Connection, feed: FeedId) -> Feed:
    row = select_one(connection, f"{_SELECT} WHERE id = ?", (feed,))
    if row is None:
        raise NotFound("feed")
    return _feed(row)


def _put(connection: apsw.Connection, feed: Feed) -> None:
    values: dict[str, Any] = msgspec.structs.asdict(feed)
    for name in _JSON:
        values[name] = msgspec.json.encode(values[name]).decode()
    values["created_at"] = feed.created_at.isoformat()
    values["synced_at"] = feed.synced_at and feed.synced_at.isoformat()
    values["next_at"] = feed.next_at and _seconds(feed.next_at)
    connection.execute(
        f"INSERT INTO feeds ({_COLUMNS}) VALUES ({_MARKS}) ON CONFLICT (id) DO UPDATE SET "
        + ", ".join(f"{name} = excluded.{name}" for name in _FIELDS),
        tuple(values[name] for name in _FIELDS),
    )


def _feed(row: Row) -> Feed:
    values = dict(zip(_FIELDS, row, strict=True))
    for name in _JSON:
        values[name] = msgspec.json.decode(values[name])
    if values["next_at"] is not None:
        values["next_at"] = datetime.fromtimestamp(values["next_at"], UTC)
    for name in _FLAGS:
        values[name] = bool(values[name])
    return msgspec.convert(values, Feed)


def _seconds(time: datetime) -> float:
    return time.timestamp()
