"""The vectors of a space: exact ones by row, and their codes in blocks to be scanned.

Each space has tables of its own, by its number: what is asked of one cannot read another. A
search reads the codes of a workspace, a quarter of the size, and looks at the exact vectors
only of the best; see ADR 17. Nothing of it is kept in memory.
"""

from collections.abc import Sequence
from typing import Any

import apsw
import msgspec
import numpy as np
from numpy.typing import NDArray

from groundwire.adapters.embedded.store import select, select_one
from groundwire.adapters.embedded.vector_codes import Codes, distances, encode

# A workspace takes room for at least so many.
PLACES = 256
NOBODY = 0
# As many times more than are asked for are looked at exactly: codes may put near ones wrong.
CLOSER_LOOK = 4
# So few are all looked at: reading their codes first would save nothing.
FEW = 1_000

Rows = NDArray[np.int64]
Vector = NDArray[np.float32]


def register(db: apsw.Connection) -> None:
    """Give ``db`` the functions that its migrations call."""
    db.create_scalar_function("int64", _int64)
    db.create_scalar_function("codes", _codes_of_block)


def create(db: apsw.Connection, space: int) -> None:
    """Make the tables of a space, as the migrations made those of the first one."""
    db.execute(
        f"""
        CREATE TABLE embeddings_{space} (row INTEGER PRIMARY KEY, vector BLOB NOT NULL) STRICT;
        CREATE TABLE blocks_{space} (
            number    INTEGER PRIMARY KEY,
            workspace INTEGER NOT NULL REFERENCES workspaces,
            free      INTEGER NOT NULL,
            rows      BLOB    NOT NULL
        ) STRICT;
        CREATE INDEX blocks_{space}_by_workspace ON blocks_{space} (workspace, free);
        CREATE TABLE codes_{space} (block INTEGER PRIMARY KEY, codes BLOB NOT NULL) STRICT;
        """
    )


def destroy(db: apsw.Connection, space: int) -> None:
    """Drop the tables of a space with all that is in them."""
    for table in ("embeddings", "blocks", "codes"):
        db.execute(f"DROP TABLE {table}_{space}")


def put(
    db: apsw.Connection, space: int, workspace: int, rows: Sequence[int], vectors: Vector
) -> list[int]:
    """Store a vector for each of ``rows``; return the numbers of their blocks, never 0."""
    keep(db, space, rows, vectors)
    return place(db, space, workspace, rows, vectors)


def keep(db: apsw.Connection, space: int, rows: Sequence[int], vectors: Vector) -> None:
    """Store a vector for each of ``rows``, which no search finds before it has a `place`."""
    db.executemany(
        f"INSERT OR REPLACE INTO embeddings_{space} VALUES (?, ?)",
        zip(rows, (vector.astype("<f4").tobytes() for vector in vectors), strict=True),
    )


def read(db: apsw.Connection, space: int, rows: Sequence[int]) -> Vector:
    """Return the vectors that are kept of ``rows``, in their order."""
    wanted = f"SELECT vector FROM embeddings_{space} WHERE row = ?"
    packed = [select(db, wanted, (row,))[0][0] for row in rows]
    return np.frombuffer(b"".join(packed), "<f4").reshape(len(rows), -1)


def place(
    db: apsw.Connection, space: int, workspace: int, rows: Sequence[int], vectors: Vector
) -> list[int]:
    """Let searches find ``vectors``, which are kept; return the numbers of their blocks."""
    codes, numbers = encode(vectors), list[int]()
    while len(numbers) < len(rows):
        numbers += _fill(db, space, workspace, rows[len(numbers) :], codes[len(numbers) :])
    return numbers


def drop(db: apsw.Connection, space: int, row: int, number: int) -> None:
    """Forget the vector of ``row``, whose codes are in block ``number``."""
    drop_kept(db, space, row)
    rows = _rows(db, space, number)
    rows[rows == row] = NOBODY
    if rows.any():
        _set_rows(db, space, number, rows)
    else:
        db.execute(f"DELETE FROM blocks_{space} WHERE number = ?", (number,))
        db.execute(f"DELETE FROM codes_{space} WHERE block = ?", (number,))


def drop_kept(db: apsw.Connection, space: int, row: int) -> None:
    """Forget the vector of ``row``, which has no `place`."""
    db.execute(f"DELETE FROM embeddings_{space} WHERE row = ?", (row,))


def nearest(
    db: apsw.Connection,
    space: int,
    workspace: int,
    vector: Vector,
    *,
    limit: int,
    among: Sequence[int] | None = None,
) -> list[tuple[int, float]]:
    """Return the rows of highest cosine with ``vector``, best first; if given, ``among`` those."""
    if among is not None and len(among) <= FEW:
        return _look_closer(db, space, among, vector, limit)
    rows, far = _scan(db, space, workspace, encode(vector[None]))
    wanted = rows != NOBODY if among is None else np.isin(rows, np.array(among))
    rows, far = rows[wanted], far[wanted]
    looked_at = CLOSER_LOOK * limit
    if looked_at < len(rows):
        rows = rows[np.argpartition(far, looked_at)[:looked_at]]
    return _look_closer(db, space, rows.tolist(), vector, limit)


def _scan(
    db: apsw.Connection, space: int, workspace: int, code: Codes
) -> tuple[Rows, NDArray[np.float32]]:
    """Return each place of the workspace's blocks with its distance by codes."""
    block = np.empty((PLACES, code.shape[1]), np.int8)
    rows, far = [np.empty(0, np.int64)], [np.empty(0, np.float32)]
    # As long as this has rows left to give, all that is read is of one state of the file.
    blocks = db.execute(
        f"SELECT number, rows FROM blocks_{space} WHERE workspace = ?", (workspace,)
    )
    for number, packed in blocks:
        with _codes(db, space, number, writeable=False) as blob:
            blob.read_into(block.data)
        rows.append(np.frombuffer(packed, np.int64))
        far.append(distances(block, code))
    return np.concatenate(rows), np.concatenate(far)


def _look_closer(
    db: apsw.Connection, space: int, rows: Sequence[int], vector: Vector, limit: int
) -> list[tuple[int, float]]:
    found = select(
        db,
        f"SELECT row, vector FROM embeddings_{space} WHERE row IN (SELECT value FROM json_each(?))",
        (msgspec.json.encode(rows).decode(),),
    )
    exact = np.frombuffer(b"".join(packed for _, packed in found), "<f4")
    # For a matrix product BLAS would wake threads of its own.
    cosines = np.vecdot(exact.reshape(len(found), -1), vector) if found else exact
    best = np.argsort(-cosines, kind="stable")[:limit]
    return [(found[place][0], float(cosines[place])) for place in best.tolist()]


def _fill(
    db: apsw.Connection, space: int, workspace: int, rows: Sequence[int], codes: Codes
) -> list[int]:
    """Put as many as have room into one block; return its number for each of them."""
    number = _block_with_room(db, space, workspace, codes.shape[1])
    taken = _rows(db, space, number)
    places = np.flatnonzero(taken == NOBODY)[: len(rows)]
    taken[places] = rows[: len(places)]
    _set_rows(db, space, number, taken)
    with _codes(db, space, number, writeable=True) as blob:
        for place, code in zip(places.tolist(), codes, strict=False):
            blob.seek(place * len(code))
            blob.write(code.tobytes())
    return [number] * len(places)


def _block_with_room(db: apsw.Connection, space: int, workspace: int, dimensions: int) -> int:
    found = select_one(
        db,
        f"SELECT number FROM blocks_{space} WHERE workspace = ? AND free > 0 LIMIT 1",
        (workspace,),
    )
    if found is not None:
        return found[0]
    db.execute(
        f"INSERT INTO blocks_{space} (workspace, free, rows) VALUES (?, ?, zeroblob(?))",
        (workspace, PLACES, PLACES * np.dtype(np.int64).itemsize),
    )
    number = db.last_insert_rowid()
    db.execute(f"INSERT INTO codes_{space} VALUES (?, zeroblob(?))", (number, PLACES * dimensions))
    return number


def _rows(db: apsw.Connection, space: int, number: int) -> Rows:
    ((packed,),) = select(db, f"SELECT rows FROM blocks_{space} WHERE number = ?", (number,))
    return np.frombuffer(packed, np.int64).copy()


def _set_rows(db: apsw.Connection, space: int, number: int, rows: Rows) -> None:
    free = int(np.count_nonzero(rows == NOBODY))
    db.execute(
        f"UPDATE blocks_{space} SET free = ?, rows = ? WHERE number = ?",
        (free, rows.tobytes(), number),
    )


def _codes(db: apsw.Connection, space: int, number: Any, *, writeable: bool) -> apsw.Blob:
    return db.blob_open("main", f"codes_{space}", "codes", number, writeable)


def _int64(*values: Any) -> int:
    return int.from_bytes(values[0], "little")


def _codes_of_block(*values: Any) -> bytes:
    return encode(np.frombuffer(values[0], "<f4").reshape(PLACES, -1)).tobytes()
