"""The chunks of a version that is not whole yet: kept, given vectors, and found by no search.

They have no words in the index and no place in a block, so that a search need not leave them
out. A vector that is kept here waits in `embeddings`; one in another store does not count
before its chunk is live.
"""

from collections.abc import Sequence

import apsw
import numpy as np
from numpy.typing import NDArray

from groundwire.adapters.embedded import chunk_rows, vector_blocks, word_search
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
    number = chunk_rows.workspace_number(db, workspace)
    live = {
        tuple(said): row
        for row, *said in select(
            db,
            "SELECT row, text, headings, title FROM chunks "
            "WHERE document = ? AND staged = 0 AND embedded > 0",
            (document,),
        )
    }
    for item in drafts:
        row = chunk_rows.insert(db, number, item, staged=True)
        like = live.get((item.chunk.text, item.headings, item.title))
        if like is not None:
            keep_vector(db, row, vector_blocks.read(db, [like])[0])


def keep_vector(db: apsw.Connection, row: int, vector: NDArray[np.float32]) -> None:
    """Keep the vector of a staged chunk until it is published."""
    vector_blocks.keep(db, [row], vector[None])
    db.execute("UPDATE chunks SET embedded = ? WHERE row = ?", (chunk_rows.WAITING, row))


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
        "SELECT row, workspace, embedded, title, headings, text FROM chunks "
        "WHERE document = ? AND staged = 1 ORDER BY position",
        (document,),
    )
    if not staged:
        return 0
    live = select(db, "SELECT row FROM chunks WHERE document = ? AND staged = 0", (document,))
    for (row,) in live:
        chunk_rows.remove_row(db, row)
    for row, number, _, title, headings, text in staged:
        word_search.put(db, number, row, chunk_rows.terms(title, headings, text))
    db.execute("UPDATE chunks SET staged = 0 WHERE document = ?", (document,))
    waiting = [row for row, _, embedded, *_ in staged if embedded == chunk_rows.WAITING]
    _put_into_blocks(db, staged[0][1], waiting)
    return len(staged) + len(live)


def _put_into_blocks(db: apsw.Connection, workspace: int, rows: Sequence[int]) -> None:
    if not rows:
        return
    blocks = vector_blocks.place(db, workspace, rows, vector_blocks.read(db, rows))
    db.executemany("UPDATE chunks SET embedded = ? WHERE row = ?", zip(blocks, rows, strict=True))
