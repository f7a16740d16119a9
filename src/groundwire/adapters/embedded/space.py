"""The space that the vectors of an index are of: whose, how long, and where they lie."""

import hashlib
from pathlib import Path

import apsw
import msgspec

from groundwire.adapters.embedded import vector_blocks
from groundwire.adapters.embedded.store import select_one
from groundwire.model.errors import OtherSpace

HERE = ""
"""The place of vectors that are in the index itself."""
ELSEWHERE = -1
"""What ``chunks.embedded`` is when the vector is in another place."""


class Space(msgspec.Struct, frozen=True):
    """``dimensions`` is 0 as long as no vector was seen."""

    embedder: str
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


def settle(path: Path, embedder: str, place: str) -> Space:
    """Return the space of the index; one of another embedder or place starts over."""
    db = apsw.Connection(str(path))
    try:
        before = _read(db)
        if before is not None and (before.embedder, before.place) == (embedder, place):
            return before
        space = Space(embedder, 0, place)
        with db:
            _start_over(db, before, space)
        return space
    finally:
        db.close()


def settle_dimensions(db: apsw.Connection, dimensions: int) -> Space:
    """Note the length of the first vector; of a later one nothing is noted."""
    db.execute("UPDATE space SET dimensions = ? WHERE dimensions = 0", (dimensions,))
    space = _read(db)
    assert space is not None
    return space


def leave_stale(db: apsw.Connection, chunk: str) -> None:
    """Note that the vector of ``chunk``, which is elsewhere, does not count any more."""
    space = _read(db)
    assert space is not None
    db.execute(
        "INSERT OR IGNORE INTO stale VALUES (?, ?, ?)", (space.place, space.collection, chunk)
    )


def _read(db: apsw.Connection) -> Space | None:
    row = select_one(db, "SELECT name, dimensions, place FROM space")
    return None if row is None else Space(*row)


def _start_over(db: apsw.Connection, before: Space | None, space: Space) -> None:
    if before is not None:
        db.execute(
            "INSERT OR IGNORE INTO stale SELECT ?, ?, id FROM chunks WHERE embedded = ?",
            (before.place, before.collection, ELSEWHERE),
        )
    vector_blocks.drop_all(db)
    db.execute("UPDATE chunks SET embedded = 0 WHERE embedded <> 0")
    db.execute("DELETE FROM space")
    db.execute(
        "INSERT INTO space (name, dimensions, place) VALUES (?, ?, ?)",
        (space.embedder, space.dimensions, space.place),
    )
