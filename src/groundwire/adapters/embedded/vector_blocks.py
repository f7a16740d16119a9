"""The vectors of each workspace, in blocks that are multiplied as they lie in the file."""

from typing import Any

import apsw
import numpy as np
from numpy.typing import NDArray

from groundwire.adapters.embedded.store import select, select_one

# A workspace takes room for at least so many.
PLACES = 256
NOBODY = 0

Rows = NDArray[np.int64]


def put(db: apsw.Connection, workspace: int, row: int, vector: bytes) -> int:
    """Store the vector of ``row``; return the number of its block, which is never 0."""
    number = _block_with_room(db, workspace, len(vector))
    rows = _rows(db, number)
    place = int(np.flatnonzero(rows == NOBODY)[0])
    rows[place] = row
    _set_rows(db, number, rows)
    with _vectors(db, number, writeable=True) as blob:
        blob.seek(place * len(vector))
        blob.write(vector)
    return number


def drop(db: apsw.Connection, row: int, number: int) -> None:
    """Forget the vector of ``row``, which is in block ``number``."""
    rows = _rows(db, number)
    rows[rows == row] = NOBODY
    if rows.any():
        _set_rows(db, number, rows)
    else:
        db.execute("DELETE FROM blocks WHERE number = ?", (number,))
        db.execute("DELETE FROM block_vectors WHERE block = ?", (number,))


def drop_all(db: apsw.Connection) -> None:
    db.execute("DELETE FROM blocks")
    db.execute("DELETE FROM block_vectors")


def nearest(
    db: apsw.Connection, workspace: int, vector: NDArray[np.float32], *, limit: int
) -> list[tuple[int, float]]:
    """Return the rows of highest cosine with ``vector``, best first. All are looked at."""
    block = np.empty((PLACES, len(vector)), np.float32)
    rows, cosines = [np.empty(0, np.int64)], [np.empty(0, np.float32)]
    # As long as this has rows left to give, all that is read is of one state of the file.
    blocks = db.execute("SELECT number, rows FROM blocks WHERE workspace = ?", (workspace,))
    for number, packed in blocks:
        with _vectors(db, number, writeable=False) as blob:
            blob.read_into(block.data)
        rows.append(np.frombuffer(packed, np.int64))
        # For a matrix product BLAS would wake threads of its own.
        cosines.append(np.vecdot(block, vector))
    return _best(np.concatenate(rows), np.concatenate(cosines), limit)


def _best(rows: Rows, cosines: NDArray[np.float32], limit: int) -> list[tuple[int, float]]:
    taken = rows != NOBODY
    rows, cosines = rows[taken], cosines[taken]
    best = np.argpartition(-cosines, limit)[:limit] if limit < len(rows) else np.arange(len(rows))
    best = best[np.argsort(-cosines[best], kind="stable")]
    return list(zip(rows[best].tolist(), cosines[best].tolist(), strict=True))


def _block_with_room(db: apsw.Connection, workspace: int, vector_bytes: int) -> int:
    found = select_one(
        db, "SELECT number FROM blocks WHERE workspace = ? AND free > 0 LIMIT 1", (workspace,)
    )
    if found is not None:
        return found[0]
    db.execute(
        "INSERT INTO blocks (workspace, free, rows) VALUES (?, ?, zeroblob(?))",
        (workspace, PLACES, PLACES * np.dtype(np.int64).itemsize),
    )
    number = db.last_insert_rowid()
    db.execute("INSERT INTO block_vectors VALUES (?, zeroblob(?))", (number, PLACES * vector_bytes))
    return number


def _rows(db: apsw.Connection, number: int) -> Rows:
    ((packed,),) = select(db, "SELECT rows FROM blocks WHERE number = ?", (number,))
    return np.frombuffer(packed, np.int64).copy()


def _set_rows(db: apsw.Connection, number: int, rows: Rows) -> None:
    free = int(np.count_nonzero(rows == NOBODY))
    db.execute(
        "UPDATE blocks SET free = ?, rows = ? WHERE number = ?", (free, rows.tobytes(), number)
    )


def _vectors(db: apsw.Connection, number: Any, *, writeable: bool) -> apsw.Blob:
    return db.blob_open("main", "block_vectors", "vectors", number, writeable)
