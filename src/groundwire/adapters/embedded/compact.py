"""Many events of a log on SQLite become one."""

from collections.abc import Sequence
from datetime import datetime

import apsw

from groundwire.adapters.embedded.store import select_one
from groundwire.model.errors import NotFound
from groundwire.model.ids import LogId
from groundwire.ports.event_log import Merged, Span


def find_ended(connection: apsw.Connection, before: datetime) -> Span | None:
    row = select_one(
        connection,
        "SELECT log, compacted, (SELECT max(seq) FROM ended WHERE log_key = key AND at <= ?1) "
        "FROM ended JOIN logs ON key = log_key WHERE at <= ?1 AND log LIKE 'conversation:%' "
        "ORDER BY at LIMIT 1",
        (before.timestamp(),),
    )
    return None if row is None else Span(*row)


def compact(connection: apsw.Connection, log: LogId, merged: Sequence[Merged], up_to: int) -> None:
    row = select_one(
        connection,
        "SELECT key, coalesce(seq, 0) FROM logs LEFT JOIN checkpoints ON log_key = key "
        "WHERE log = ?",
        (log,),
    )
    if row is None:
        raise NotFound("conversation")
    key, kept = row
    assert up_to <= kept, "a checkpoint must not come to lie within a merged event"
    connection.executemany(
        "DELETE FROM events WHERE log_key = ? AND seq >= ? AND seq < ?",
        [(key, each.first, each.seq) for each in merged],
    )
    connection.executemany(
        "UPDATE events SET data = ?, first = ? WHERE log_key = ? AND seq = ?",
        [(each.data, each.first, key, each.seq) for each in merged],
    )
    connection.execute("UPDATE logs SET compacted = ? WHERE key = ?", (up_to, key))
    connection.execute("DELETE FROM ended WHERE log_key = ? AND seq <= ?", (key, up_to))
