"""Which chunks have a vector in a space, and which vectors in another store are stale."""

from collections import defaultdict
from collections.abc import Sequence

import apsw
import msgspec

from groundwire.adapters.embedded import chunk_rows
from groundwire.adapters.embedded.chunk_rows import find_workspace
from groundwire.adapters.embedded.space import ELSEWHERE, Space
from groundwire.adapters.embedded.store import select
from groundwire.model.documents import Chunk
from groundwire.model.ids import ChunkId, DocumentId, WorkspaceId
from groundwire.ports.passage_index import Count, Unembedded


def without_vector(
    db: apsw.Connection, number: int, document: DocumentId, limit: int
) -> list[Chunk]:
    """Return the next chunks of ``document`` to embed; if some are staged, of these."""
    found = db.execute(
        f"SELECT {chunk_rows.COLUMNS_OF_C} FROM chunks c JOIN embedded_{number} e ON e.row = c.row "
        "WHERE c.document = ?1 AND block = 0 "
        "AND staged = (SELECT max(staged) FROM chunks WHERE document = ?1) "
        "ORDER BY position LIMIT ?2",
        (document, limit),
    )
    return [chunk_rows.chunk_of(row) for row in found]


def newest_without_vector(db: apsw.Connection, number: int, limit: int) -> list[Unembedded]:
    """Return the last that came, staged or not."""
    found = select(
        db,
        f"SELECT w.id, c.title, {chunk_rows.COLUMNS_OF_C} FROM embedded_{number} e "
        "JOIN chunks c ON c.row = e.row JOIN workspaces w ON w.number = e.workspace "
        "WHERE block = 0 ORDER BY e.row DESC LIMIT ?",
        (limit,),
    )
    return [
        Unembedded(WorkspaceId(workspace), title, chunk_rows.chunk_of(tuple(row)))
        for workspace, title, *row in found
    ]


def which_lack(db: apsw.Connection, number: int, chunks: Sequence[ChunkId]) -> set[ChunkId]:
    """Return those of ``chunks`` that have no vector."""
    found = select(
        db,
        f"SELECT id FROM chunks c JOIN embedded_{number} e ON e.row = c.row "
        "WHERE id IN (SELECT value FROM json_each(?)) AND block = 0",
        (_json(chunks),),
    )
    return {ChunkId(id) for (id,) in found}


def list_documents(db: apsw.Connection, number: int) -> list[DocumentId]:
    """Return the documents of which a chunk has no vector."""
    found = select(db, f"SELECT DISTINCT document FROM embedded_{number} WHERE block = 0")
    return [DocumentId(document) for (document,) in found]


def count(db: apsw.Connection, number: int) -> dict[WorkspaceId, Count]:
    found = select(
        db,
        "SELECT w.id, count(*) FILTER (WHERE block <> 0), count(*) "
        f"FROM embedded_{number} e JOIN workspaces w ON w.number = e.workspace GROUP BY w.number",
    )
    return {WorkspaceId(workspace): Count(done, total) for workspace, done, total in found}


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
        "SELECT id, row FROM chunks WHERE id IN (SELECT value FROM json_each(?)) "
        "AND document = ? AND workspace = ?",
        (_json(chunks), document, find_workspace(db, workspace)),
    )
    db.executemany(
        f"UPDATE embedded_{space.number} SET block = 0 WHERE row = ?", [(row,) for _, row in there]
    )
    db.executemany(
        "INSERT OR IGNORE INTO stale VALUES (?, ?, ?)",
        [(space.place, space.collection, id) for id, _ in there],
    )
    return {ChunkId(id) for id, _ in there}


def mark(db: apsw.Connection, space: Space, chunks: Sequence[ChunkId]) -> None:
    """Let the vectors of those of ``chunks`` that are still there count."""
    there = select(
        db,
        "SELECT id, row FROM chunks WHERE id IN (SELECT value FROM json_each(?))",
        (_json(chunks),),
    )
    db.executemany(
        f"UPDATE embedded_{space.number} SET block = ? WHERE row = ?",
        [(ELSEWHERE, row) for _, row in there],
    )
    forget(db, space.place, space.collection, [ChunkId(id) for id, _ in there])


def which_count(
    db: apsw.Connection, number: int, workspace: WorkspaceId, chunks: Sequence[ChunkId]
) -> set[ChunkId]:
    """Return those of ``chunks`` in ``workspace`` whose vectors count."""
    found = select(
        db,
        f"SELECT id FROM chunks c JOIN embedded_{number} e ON e.row = c.row "
        "WHERE id IN (SELECT value FROM json_each(?)) "
        "AND c.workspace = ? AND block = ? AND staged = 0",
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
