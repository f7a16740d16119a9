"""Chunks as rows, and what follows from a row: its words and its vectors."""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import apsw
import msgspec

from groundwire.adapters.embedded import space, vector_blocks, word_search
from groundwire.adapters.embedded.store import select
from groundwire.cut.terms import chunk_terms, cut_terms
from groundwire.model.documents import Chunk, Terms
from groundwire.model.ids import ChunkId, DocumentId, WorkspaceId

COLUMNS = "id, document, position, text, page, last_page, headings, place, part, spots"
COLUMNS_OF_C = ", ".join(f"c.{name}" for name in COLUMNS.split(", "))
# From one document to the next by the index: a document has many rows.
_DOCUMENTS = (
    "WITH RECURSIVE each(document) AS (SELECT min(document) FROM chunks UNION ALL "
    "SELECT (SELECT min(document) FROM chunks WHERE document > each.document) FROM each "
    "WHERE document IS NOT NULL) SELECT document FROM each WHERE document IS NOT NULL"
)
_MARKS = ", ".join("?" * (len(COLUMNS.split(", ")) + 3))


class Draft(NamedTuple):
    """A chunk to store, its ``headings`` in JSON; ``terms`` only if words are to find it."""

    chunk: Chunk
    title: str
    headings: str
    terms: Terms | None = None


def draft(chunk: Chunk, title: str, terms: Terms | None = None) -> Draft:
    return Draft(chunk, title, msgspec.json.encode(chunk.headings).decode(), terms)


def terms(title: str, headings: str, text: str) -> Terms:
    """Return the terms of what is in a row, with its headings in JSON."""
    return chunk_terms(title, msgspec.json.decode(headings, type=tuple[str, ...]), text)


def replace(
    db: apsw.Connection,
    workspace: WorkspaceId,
    document: DocumentId,
    drafts: Iterable[Draft],
) -> int:
    """Make ``drafts`` the rows of ``document``; a row whose words are the same stays.

    Return how many rows are new or gone.
    """
    number = workspace_number(db, workspace)
    before = {
        str(id): (row, said)
        for row, id, *said in db.execute(
            "SELECT row, id, text, headings, title FROM chunks WHERE document = ?", (document,)
        )
    }
    changed = 0
    for item in drafts:
        row, said = before.pop(item.chunk.id, (None, None))
        if said == [item.chunk.text, item.headings, item.title]:
            db.execute(
                "UPDATE chunks SET position = ?, page = ?, last_page = ?, place = ?, part = ?, "
                "spots = ? WHERE row = ?",
                (item.chunk.position, *_where(item.chunk), row),
            )
        else:
            if row is not None:
                remove_row(db, int(str(row)))
            insert(db, number, item)
            changed += 1
    for row, _ in before.values():
        remove_row(db, int(str(row)))
    return changed + len(before)


def remove(db: apsw.Connection, document: DocumentId) -> int:
    """Return how many rows there were."""
    rows = db.execute("SELECT row FROM chunks WHERE document = ?", (document,)).fetchall()
    for (row,) in rows:
        remove_row(db, int(str(row)))
    return len(rows)


def get(db: apsw.Connection, ids: Sequence[ChunkId]) -> list[Chunk]:
    """Return those that exist, in the order of ``ids``."""
    found = {
        chunk.id: chunk
        for chunk in map(
            chunk_of,
            db.execute(
                f"SELECT {COLUMNS} FROM chunks WHERE id IN (SELECT value FROM json_each(?))",
                (msgspec.json.encode(ids).decode(),),
            ),
        )
    }
    return [found[id] for id in ids if id in found]


def find_workspace(db: apsw.Connection, workspace: WorkspaceId) -> int | None:
    row = db.execute("SELECT number FROM workspaces WHERE id = ?", (workspace,)).fetchone()
    return int(str(row[0])) if row else None


def ids_of(db: apsw.Connection, rows: Sequence[int]) -> dict[int, ChunkId]:
    """Return the ids of those rows that exist."""
    found = db.execute(
        "SELECT row, id FROM chunks WHERE row IN (SELECT value FROM json_each(?))",
        (msgspec.json.encode(rows).decode(),),
    )
    return {int(str(row)): ChunkId(str(id)) for row, id in found}


def rows_of(db: apsw.Connection, number: int, documents: Collection[DocumentId]) -> list[int]:
    """Return the rows of those of ``documents`` that are in workspace ``number``.

    Of more than a search looks at one by one, whatever is not: a scan does not come to it.
    """
    ids = msgspec.json.encode(list(documents)).decode()
    # Read from the index of documents alone, which takes a third of the time.
    found = "SELECT row FROM chunks WHERE document IN (SELECT value FROM json_each(?))"
    rows = [int(str(row)) for (row,) in db.execute(found, (ids,))]
    if len(rows) > vector_blocks.FEW:
        return rows
    here = f"SELECT row FROM chunks WHERE row IN ({found}) AND +workspace = ? AND staged = 0"
    return [int(str(row)) for (row,) in db.execute(here, (ids, number))]


def terms_of(db: apsw.Connection, row: int) -> set[str]:
    """Return every term that the row's chunk is found by."""
    found = db.execute("SELECT title, headings, text FROM chunks WHERE row = ?", (row,)).fetchone()
    return set(cut_terms(" \n ".join(map(str, found)))) if found else set()


def list_documents(db: apsw.Connection) -> list[DocumentId]:
    return [DocumentId(str(document)) for (document,) in db.execute(_DOCUMENTS)]


def workspace_number(db: apsw.Connection, workspace: WorkspaceId) -> int:
    number = find_workspace(db, workspace)
    if number is None:
        db.execute("INSERT INTO workspaces (id) VALUES (?)", (workspace,))
        number = db.last_insert_rowid()
        word_search.create(db, number)
    return number


def insert(db: apsw.Connection, number: int, item: Draft) -> int:
    """Return the row; one without words is staged."""
    chunk = item.chunk
    page, last_page, *where = _where(chunk)
    db.execute(
        f"INSERT INTO chunks ({COLUMNS}, title, workspace, staged) VALUES ({_MARKS})",
        (
            *(chunk.id, chunk.document, chunk.position, chunk.text),
            *(page, last_page, item.headings, *where, item.title, number, item.terms is None),
        ),
    )
    row = db.last_insert_rowid()
    for each in space.numbers(db):
        db.execute(
            f"INSERT INTO embedded_{each} VALUES (?, ?, ?, 0)", (row, number, chunk.document)
        )
    if item.terms is not None:
        word_search.put(db, number, row, item.terms)
    return row


def _where(chunk: Chunk) -> tuple[int | None, int | None, str | None, str, str | None]:
    place = msgspec.json.encode(chunk.place).decode() if chunk.place else None
    spots = msgspec.json.encode(chunk.spots).decode() if chunk.spots else None
    return chunk.page, chunk.last_page, place, chunk.part, spots


def remove_row(db: apsw.Connection, row: int) -> None:
    found = db.execute(
        "DELETE FROM chunks WHERE row = ? RETURNING id, workspace, staged", (row,)
    ).fetchone()
    if found is None:
        return
    id, number, staged = str(found[0]), int(str(found[1])), bool(found[2])
    if not staged:
        word_search.drop(db, number, row)
    for each in space.numbers(db):
        _remove_vector(db, each, row, id)


def chunk_of(row: "tuple[apsw.SQLiteValue, ...]") -> Chunk:
    """Return the chunk whose ``COLUMNS`` these are."""
    values = dict(zip(COLUMNS.split(", "), row, strict=True))
    values["headings"] = msgspec.json.decode(str(values["headings"]))
    for name in ("place", "spots"):
        if values[name] is None:
            del values[name]
        else:
            values[name] = msgspec.json.decode(str(values[name]))
    return msgspec.convert(values, Chunk)


def _remove_vector(db: apsw.Connection, number: int, row: int, id: str) -> None:
    ((block,),) = select(db, f"DELETE FROM embedded_{number} WHERE row = ? RETURNING block", (row,))
    if block == space.ELSEWHERE:
        space.leave_stale(db, number, id)
    elif block == space.WAITING:
        vector_blocks.drop_kept(db, number, row)
    elif block:
        vector_blocks.drop(db, number, row, block)
