"""A log on SQLite is removed: hidden at once, deleted bit by bit."""

import apsw

from groundwire.adapters.embedded.store import select_one
from groundwire.model.ids import LogId

ROWS = 256
"""How many rows of a table are deleted in one transaction."""

# What belongs to a log, and what tells its rows apart.
_PARTS = (
    ("events", "seq"),
    ("messages", "number"),
    ("asked", "author, client_message_id"),
    ("ended", "seq"),
)


def hide(connection: apsw.Connection, log: LogId) -> None:
    """Let nobody find the log any more."""
    connection.execute(
        "UPDATE logs SET log = 'removed:' || key, envelope = x'', busy = 0 WHERE log = ?", (log,)
    )


def purge(connection: apsw.Connection) -> bool:
    """Delete some of what is hidden; ``False`` if there was nothing."""
    row = select_one(
        connection, "SELECT key FROM logs WHERE log > 'removed:' AND log < 'removed;' LIMIT 1"
    )
    if row is None:
        return False
    for table, rest in _PARTS:
        connection.execute(
            f"DELETE FROM {table} WHERE log_key = ?1 AND ({rest}) IN "
            f"(SELECT {rest} FROM {table} WHERE log_key = ?1 LIMIT ?2)",
            (row[0], ROWS),
        )
        if connection.changes():
            return True
    connection.execute("DELETE FROM logs WHERE key = ?", row)
    return True
