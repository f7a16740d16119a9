"""Which chunks have a vector in another store, and which vectors there are stale."""

from collections import defaultdict
from collections.abc import Sequence

import apsw
import msgspec

from groundwire.adapters.embedded.chunk_rows import find_workspace
from groundwire.adapters.embedded.space import ELSEWHERE, Space
from groundwire.adapters.embedded.store import select
from groundwire.model.ids import ChunkId, DocumentId, WorkspaceId


def note_stale(
    db: apsw.Connection,
    space: Space,
    workspace: WorkspaceId,
    document: DocumentId,
    chunks: Sequence[ChunkId],
) -> set[ChunkId]:
    """Note that the store may have vectors of ``chunks`` that do not count.

    Return those of them that are there; the others are not noted.
    """
    there = select(
        db,
        "UPDATE chunks SET embedded = 0 WHERE id IN (SELECT value FROM json_each(?)) "
        "AND document = ? AND workspace = ? RETURNING id",
        (_json(chunks), document, find_workspace(db, workspace)),
    )
    db.executemany(
        "INSERT OR IGNORE INTO stale VALUES (?, ?, ?)",
        [(space.place, space.collection, id) for (id,) in there],
    )
    return {ChunkId(id) for (id,) in there}


def mark(db: apsw.Connection, space: Space, chunks: Sequence[ChunkId]) -> None:
    """Let the vectors of those of ``chunks`` that are still there count."""
    marked = select(
        db,
        "UPDATE chunks SET embedded = ? WHERE id IN (SELECT value FROM json_each(?)) RETURNING id",
        (ELSEWHERE, _json(chunks)),
    )
    forget(db, space.place, space.collection, [ChunkId(id) for (id,) in marked])


def which_count(
    db: apsw.Connection, workspace: WorkspaceId, chunks: Sequence[ChunkId]
) -> set[ChunkId]:
    """Return those of ``chunks`` in ``workspace`` whose vectors count."""
    found = select(
        db,
        "SELECT id FROM chunks WHERE id IN (SELECT value FROM json_each(?)) "
        "AND workspace = ? AND embedded = ? AND staged = 0",
        (_json(chunks), find_workspace(db, workspace), ELSEWHERE),
    )
    return {ChunkId(id) for (id,) in found}


def list_stale(db: apsw.Connection, place: str, limit: int) -> dict[str, list[ChunkId]]:
    """Return up to ``limit`` chunks whose vectors are to be removed, by collection."""
    stale: dict[str, list[ChunkId]] = defaultdict(list)
    rows = select(db, "SELECT collection, chunk FROM stale WHERE place = ? LIMIT ?", (place, limit))
    for collection, chunk in rows:
        stale[collection].append(ChunkId(chunk))
    return stale


def forget(db: apsw.Connection, place: str, collection: str, chunks: Sequence[ChunkId]) -> None:
    """Note no more that vectors of ``chunks`` are stale."""
    db.execute(
        "DELETE FROM stale WHERE place = ? AND collection = ? "
        "AND chunk IN (SELECT value FROM json_each(?))",
        (place, collection, _json(chunks)),
    )


def _json(chunks: Sequence[ChunkId]) -> str:
    return msgspec.json.encode(chunks).decode()
