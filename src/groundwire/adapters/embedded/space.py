"""The spaces of an index: whose vectors each has, how long they are, where they lie.

One serves, which is searched. Another one may be coming, into which all chunks are embedded
before it serves; one that is leaving is dropped.
"""

import hashlib
from pathlib import Path
from typing import Literal

import apsw
import msgspec

from groundwire.adapters.embedded import vector_blocks
from groundwire.adapters.embedded.store import select, select_one
from groundwire.model.errors import OtherSpace

HERE = ""
"""The place of vectors that are in the index itself."""
ELSEWHERE = -1
"""The block of a chunk whose vector is in another place."""
WAITING = -2
"""The block of a staged chunk whose vector is here, and in no block yet."""

State = Literal["serving", "coming", "leaving"]


class Space(msgspec.Struct, frozen=True):
    """``dimensions`` is 0 as long as no vector was seen; ``address`` is '' if it is not known."""

    number: int
    embedder: str
    address: str
    dimensions: int
    place: str

    @property
    def collection(self) -> str:
        """The name of what holds such vectors in a store that may hold others as well."""
        digest = hashlib.sha256(self.embedder.encode()).hexdigest()[:12]
        return f"groundwire_{digest}_{self.dimensions}"

    def require(self, dimensions: int) -> None:
        """Raises ``OtherSpace`` for vectors of another length."""
        if dimensions != self.dimensions:
            raise OtherSpace(
                f"{self.dimensions} numbers by {self.embedder}", f"{dimensions} numbers"
            )


def numbers(db: apsw.Connection) -> list[int]:
    """Return the numbers of all spaces; each knows of every chunk."""
    return [number for (number,) in select(db, "SELECT number FROM spaces")]


def find(db: apsw.Connection, state: State) -> Space | None:
    """Return the space that is ``serving`` or ``coming``, or the first one ``leaving``."""
    row = select_one(
        db,
        "SELECT number, embedder, address, dimensions, place FROM spaces WHERE state = ? LIMIT 1",
        (state,),
    )
    return None if row is None else Space(*row)


def is_there(db: apsw.Connection, number: int) -> bool:
    return select_one(db, "SELECT 1 FROM spaces WHERE number = ?", (number,)) is not None


def settle(db: apsw.Connection, embedder: str, address: str, place: str) -> None:
    """Have a space for ``embedder`` and ``place``, that serves or is coming; no third one stays.

    What serves until now goes on, unless it is empty or in a place that is out of reach.
    """
    serving, coming = find(db, "serving"), find(db, "coming")
    wanted = next((each for each in (serving, coming) if _is_of(each, embedder, place)), None)
    if coming is not None and coming is not wanted:
        _set_state(db, coming, "leaving")
    if wanted is None:
        wanted = _create(db, Space(0, embedder, address, 0, place))
    if address:
        db.execute("UPDATE spaces SET address = ? WHERE number = ?", (address, wanted.number))
    useless = serving is not None and (serving.place not in (HERE, place) or _is_empty(db, serving))
    if serving is not None and serving is not wanted and useless:
        _set_state(db, serving, "leaving")
        _set_state(db, wanted, "serving")
    purge(db)


def switch(db: apsw.Connection) -> bool:
    """Let the space that is coming serve if every chunk has a vector there; return whether."""
    serving, coming = find(db, "serving"), find(db, "coming")
    if serving is None or coming is None or _lacks_some(db, coming):
        return False
    _set_state(db, serving, "leaving")
    _set_state(db, coming, "serving")
    return True


def purge(db: apsw.Connection) -> None:
    """Drop what is leaving; vectors that lie elsewhere are noted as stale."""
    while (left := find(db, "leaving")) is not None:
        db.execute(
            f"INSERT OR IGNORE INTO stale SELECT ?, ?, id FROM embedded_{left.number} e "
            "JOIN chunks c ON c.row = e.row WHERE block = ?",
            (left.place, left.collection, ELSEWHERE),
        )
        vector_blocks.destroy(db, left.number)
        db.execute(f"DROP TABLE embedded_{left.number}")
        db.execute("DELETE FROM spaces WHERE number = ?", (left.number,))


def settle_dimensions(db: apsw.Connection, space: Space, count: int) -> Space:
    """Note the length of the first vector; of a later one nothing is noted."""
    db.execute(
        "UPDATE spaces SET dimensions = ? WHERE number = ? AND dimensions = 0",
        (count, space.number),
    )
    row = select_one(db, "SELECT dimensions FROM spaces WHERE number = ?", (space.number,))
    return msgspec.structs.replace(space, dimensions=row[0] if row else count)


def leave_stale(db: apsw.Connection, number: int, chunk: str) -> None:
    """Note that the vector of ``chunk``, which is elsewhere, does not count any more."""
    row = select_one(
        db,
        "SELECT number, embedder, address, dimensions, place FROM spaces WHERE number = ?",
        (number,),
    )
    assert row is not None
    space = Space(*row)
    db.execute(
        "INSERT OR IGNORE INTO stale VALUES (?, ?, ?)", (space.place, space.collection, chunk)
    )


def _is_of(space: Space | None, embedder: str, place: str) -> bool:
    return space is not None and (space.embedder, space.place) == (embedder, place)


def _create(db: apsw.Connection, space: Space) -> Space:
    """Make a space that is coming, and knows of every chunk as the one that serves does."""
    db.execute(
        "INSERT INTO spaces (embedder, address, dimensions, place, state) "
        "VALUES (?, ?, ?, ?, 'coming')",
        (space.embedder, space.address, space.dimensions, space.place),
    )
    number = db.last_insert_rowid()
    ((before,),) = select(db, "SELECT number FROM spaces WHERE state = 'serving'")
    db.execute(
        f"""
        CREATE TABLE embedded_{number} (
            row       INTEGER PRIMARY KEY,
            workspace INTEGER NOT NULL,
            document  TEXT    NOT NULL,
            block     INTEGER NOT NULL
        ) STRICT;
        INSERT INTO embedded_{number} SELECT row, workspace, document, 0 FROM embedded_{before};
        CREATE INDEX embedded_{number}_missing ON embedded_{number} (row) WHERE block = 0;
        """
    )
    vector_blocks.create(db, number)
    return msgspec.structs.replace(space, number=number)


def _set_state(db: apsw.Connection, space: Space, state: State) -> None:
    db.execute("UPDATE spaces SET state = ? WHERE number = ?", (state, space.number))


def _is_empty(db: apsw.Connection, space: Space) -> bool:
    return not select(db, f"SELECT 1 FROM embedded_{space.number} WHERE block <> 0 LIMIT 1")


def _lacks_some(db: apsw.Connection, space: Space) -> bool:
    return bool(select(db, f"SELECT 1 FROM embedded_{space.number} WHERE block = 0 LIMIT 1"))


class Standing(msgspec.Struct, frozen=True):
    """What serves, and what is coming with how many of all chunks done."""

    serving: Space
    coming: Space | None
    done: int
    total: int


def look(path: Path) -> Standing | None:
    """Return how the index stands, without opening it: a server may have it open.

    ``None`` if there is none, or it is one of before spaces.
    """
    if not path.exists():
        return None
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    db.set_busy_timeout(1_000)
    try:
        with db:
            if not select(db, "SELECT 1 FROM sqlite_schema WHERE name = 'spaces'"):
                return None
            serving, coming = find(db, "serving"), find(db, "coming")
            if serving is None:
                return None
            counted = coming or serving
            ((total, done),) = select(
                db,
                "SELECT count(*), count(*) FILTER (WHERE block <> 0) "
                f"FROM embedded_{counted.number}",
            )
            return Standing(serving, coming, done, total)
    finally:
        db.close()
