"""A conversation's log on SQLite as a decision sees it, inside a transaction of the writer."""

from datetime import datetime

import apsw
import msgspec

from groundwire.adapters.embedded.store import select, select_one
from groundwire.model.errors import NotFound
from groundwire.model.events import ConversationEvent, Recorded
from groundwire.model.ids import LogId
from groundwire.model.standing import Asked, Standing

_encoder = msgspec.json.Encoder()
_standing = msgspec.json.Decoder(Standing)


class SqliteDesk:
    """`Desk`. What was done to it is stored by `save`."""

    def __init__(self, connection: apsw.Connection, log: LogId, at: datetime) -> None:
        row = select_one(
            connection,
            "SELECT key, head, envelope, fence, standing FROM logs WHERE log = ?",
            (log,),
        )
        if row is None:
            raise NotFound("conversation")
        self._connection = connection
        self._at = at
        self._key: int = row[0]
        self._head: int = row[1]
        self._envelope: bytes = row[2]
        self._fence: int = row[3]
        self.standing = _standing.decode(row[4])
        self._was_active = self.standing.active is not None
        self.recorded: list[Recorded] = []

    @property
    def ends_turn(self) -> bool:
        """Whether the turn that was active is so no longer."""
        return self._was_active and self.standing.active is None

    def append(self, event: ConversationEvent) -> int:
        self.recorded += record([_encoder.encode(event)], self._head, self._envelope, self._at)
        self._head += 1
        return self._head

    def next_fence(self) -> int:
        self._fence += 1
        return self._fence

    def find_asked(self, author: str, client_message_id: str) -> Asked | None:
        row = select_one(
            self._connection,
            "SELECT digest, turn, seq FROM asked "
            "WHERE log_key = ? AND author = ? AND client_message_id = ?",
            (self._key, author, client_message_id),
        )
        if row is None:
            return None
        digest, turn, seq = row
        return Asked(
            author=author,
            client_message_id=client_message_id,
            digest=digest,
            turn=turn,
            seq=seq,
        )

    def remember(self, asked: Asked) -> None:
        self._connection.execute(
            "INSERT INTO asked VALUES (?, ?, ?, ?, ?, ?)",
            (
                self._key,
                asked.author,
                asked.client_message_id,
                asked.digest,
                asked.turn,
                asked.seq,
            ),
        )

    def save(self) -> int:
        """Store what the decision did; return the count of commits."""
        insert(self._connection, self._key, self.recorded)
        if self.ends_turn:
            self._connection.execute(
                "INSERT INTO ended VALUES (?, ?, ?)", (self._key, self._head, self._at.timestamp())
            )
        self._connection.execute(
            "UPDATE logs SET head = ?, fence = ?, busy = ?, standing = ? WHERE key = ?",
            (
                self._head,
                self._fence,
                int(self.standing.is_busy),
                _encoder.encode(self.standing),
                self._key,
            ),
        )
        return count_commit(self._connection)


def record(bodies: list[bytes], after: int, envelope: bytes, at: datetime) -> list[Recorded]:
    """Close each JSON object with its envelope; what comes out is what readers are sent."""
    ts = at.isoformat(timespec="milliseconds").replace("+00:00", "Z").encode()
    return [
        Recorded(seq, b'%s,%s,"seq":%d,"ts":"%s"}' % (body[:-1], envelope, seq, ts))
        for seq, body in enumerate(bodies, start=after + 1)
    ]


def insert(connection: apsw.Connection, key: int, recorded: list[Recorded]) -> None:
    connection.executemany(
        "INSERT INTO events (log_key, seq, data) VALUES (?, ?, ?)",
        [(key, event.seq, event.data) for event in recorded],
    )


def count_commit(connection: apsw.Connection) -> int:
    rows = select(connection, "UPDATE lifetime SET commits = commits + 1 RETURNING commits")
    return rows[0][0]
