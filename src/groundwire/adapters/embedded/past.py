"""A conversation's log and its checkpoint on SQLite, as a recollection sees them."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import apsw
import msgspec

from groundwire.adapters.embedded.store import Row, select, select_one
from groundwire.model.cursor import Head
from groundwire.model.errors import NotFound
from groundwire.model.events import Recorded
from groundwire.model.ids import LogId, MessageId
from groundwire.model.standing import Standing
from groundwire.ports.event_log import Checkpoint, Kept

T = TypeVar("T")

_standing = msgspec.json.Decoder(Standing)


class SqlitePast:
    """`Past`, as long as the transaction that it is made in. Raises ``NotFound``."""

    def __init__(self, connection: apsw.Connection, log: LogId) -> None:
        row = select_one(
            connection,
            "SELECT key, epoch, head, standing, format, seq, count, turns "
            "FROM logs LEFT JOIN checkpoints ON log_key = key WHERE log = ?",
            (log,),
        )
        if row is None:
            raise NotFound("conversation")
        self._connection = connection
        self._key: int = row[0]
        self.head = Head(row[1], row[2])
        self.standing = _standing.decode(row[3])
        self.checkpoint = _checkpoint(row[4:])

    def read(self, *, after: int, limit: int) -> Sequence[Recorded]:
        rows = select(
            self._connection,
            "SELECT seq, data FROM events WHERE log_key = ? AND seq > ? ORDER BY seq LIMIT ?",
            (self._key, after, limit),
        )
        return [Recorded(seq, data) for seq, data in rows]

    def find(self, id: MessageId) -> Kept | None:
        row = select_one(
            self._connection,
            "SELECT place, id, data, sources FROM messages WHERE log_key = ? AND id = ?",
            (self._key, id),
        )
        return None if row is None else _kept(row)

    def list_before(self, place: int, *, limit: int) -> Sequence[Kept]:
        rows = select(
            self._connection,
            "SELECT place, id, data, sources FROM messages WHERE log_key = ? AND place < ? "
            "ORDER BY place DESC LIMIT ?",
            (self._key, place, limit),
        )
        return [_kept(row) for row in reversed(rows)]


def recall(connection: apsw.Connection, log: LogId, recollection: Callable[[SqlitePast], T]) -> T:
    """Run ``recollection`` in a transaction, so that all of it is read as of one moment."""
    connection.execute("BEGIN")
    try:
        return recollection(SqlitePast(connection, log))
    finally:
        if connection.in_transaction:
            connection.execute("COMMIT")


def keep(
    connection: apsw.Connection,
    log: LogId,
    checkpoint: Checkpoint,
    messages: Sequence[Kept],
    since: int,
) -> None:
    """Store ``checkpoint`` as `EventLog.keep` promises."""
    row = select_one(
        connection,
        "SELECT key, format, seq FROM logs LEFT JOIN checkpoints ON log_key = key WHERE log = ?",
        (log,),
    )
    if row is None:
        raise NotFound("conversation")
    key, format, seq = row
    if (seq if format == checkpoint.format else 0) != since:
        return
    if since == 0:
        connection.execute("DELETE FROM messages WHERE log_key = ?", (key,))
    connection.executemany(
        "INSERT INTO messages (log_key, place, id, data, sources) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (log_key, id) DO UPDATE SET data = excluded.data, sources = excluded.sources",
        [(key, each.place, each.id, each.data, each.sources) for each in messages],
    )
    connection.execute(
        "INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?, ?)",
        (key, checkpoint.format, checkpoint.seq, checkpoint.count, checkpoint.turns),
    )


def _checkpoint(row: Row) -> Checkpoint | None:
    format, seq, count, turns = row
    if format is None:
        return None
    return Checkpoint(format=format, seq=seq, count=count, turns=turns)


def _kept(row: Row) -> Kept:
    place, id, data, sources = row
    return Kept(place=place, id=id, data=data, sources=sources)
