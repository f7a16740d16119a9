"""The chunks of a version that is not whole yet: kept, given vectors, and found by no search.

They have no words in the index and no place in a block, so that a search need not leave them
out. A vector that is kept here waits in `embeddings`; one in another store does not count
before its chunk is live.
"""

from collections.abc import Sequence

import apsw
import numpy as np
from numpy.typing import NDArray

from groundwire.adapters.embedded import chunk_rows, space, vector_blocks, word_search
from groundwire.adapters.embedded.chunk_rows import Draft
from groundwire.adapters.embedded.store import select
from groundwire.model.ids import DocumentId, WorkspaceId


def stage(
    db: apsw.Connection, workspace: WorkspaceId, document: DocumentId, drafts: Sequence[Draft]
) -> None:
    """Keep ``drafts`` beside the rows of ``document``, in place of what was staged before.

    One that says the same as a live chunk takes over the vector that this one has here.
    """
    discard(db, document)
    workspace_number = chunk_rows.workspace_number(db, workspace)
    live = {number: _vectors_here(db, number, document) for number in space.numbers(db)}
    for item in drafts:
        row = chunk_rows.insert(db, workspace_number, item)
        for number, rows in live.items():
            like = rows.get((item.chunk.text, item.headings, item.title))
            if like is not None:
                keep_vector(db, number, row, vector_blocks.read(db, number, [like])[0])


def keep_vector(db: apsw.Connection, number: int, row: int, vector: NDArray[np.float32]) -> None:
    """Keep the vector of a staged chunk in space ``number`` until it is published."""
    vector_blocks.keep(db, number, [row], vector[None])
    db.execute(f"UPDATE embedded_{number} SET block = ? WHERE row = ?", (space.WAITING, row))


def discard(db: apsw.Connection, document: DocumentId) -> None:
    """Forget what is staged of ``document``."""
    for (row,) in select(
        db, "SELECT row FROM chunks WHERE document = ? AND staged = 1", (document,)
    ):
        chunk_rows.remove_row(db, row)


def publish(db: apsw.Connection, document: DocumentId) -> int:
    """Make what is staged all that ``document`` has; return how many rows came or went.

    Nothing is done if nothing is staged: then it was done already.
    """
    staged = select(
        db,
        "SELECT row, workspace, title, headings, text FROM chunks "
        "WHERE document = ? AND staged = 1 ORDER BY position",
        (document,),
    )
    if not staged:
        return 0
    live = select(db, "SELECT row FROM chunks WHERE document = ? AND staged = 0", (document,))
    for (row,) in live:
        chunk_rows.remove_row(db, row)
    for row, workspace, title, headings, text in staged:
        word_search.put(db, workspace, row, chunk_rows.terms(title, headings, text))
    db.execute("UPDATE chunks SET staged = 0 WHERE document = ?", (document,))
    for number in space.numbers(db):
        _put_into_blocks(db, number, staged[0][1], [row for row, *_ in staged])
    return len(staged) + len(live)


def _vectors_here(
    db: apsw.Connection, number: int, document: DocumentId
) -> dict[tuple[str, ...], int]:
    """Return the live rows of ``document`` that have their vector here, by what they say."""
    found = select(
        db,
        "SELECT text, headings, title, c.row FROM chunks c "
        f"JOIN embedded_{number} e ON e.row = c.row "
        "WHERE c.document = ? AND staged = 0 AND block > 0",
        (document,),
    )
    return {tuple(said): row for *said, row in found}


def _put_into_blocks(db: apsw.Connection, number: int, workspace: int, rows: Sequence[int]) -> None:
    block = f"SELECT 1 FROM embedded_{number} WHERE row = ? AND block = ?"
    waiting = [row for row in rows if select(db, block, (row, space.WAITING))]
    if not waiting:
        return
    vectors = vector_blocks.read(db, number, waiting)
    blocks = vector_blocks.place(db, number, workspace, waiting, vectors)
    set_blocks(db, number, waiting, blocks)


def set_blocks(
    db: apsw.Connection, number: int, rows: Sequence[int], blocks: Sequence[int]
) -> None:
    """Note in which block of space ``number`` the vector of each row is."""
    db.executemany(
        f"UPDATE embedded_{number} SET block = ? WHERE row = ?", zip(blocks, rows, strict=True)
    )
