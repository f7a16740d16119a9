"""Vectors in blocks, against a plain search over all of them."""

import random
from collections.abc import Iterator
from pathlib import Path

import apsw
import numpy as np
import pytest
from numpy.typing import NDArray

from groundwire.adapters.embedded import vector_blocks
from groundwire.adapters.embedded.chunks import MIGRATIONS
from groundwire.adapters.embedded.index import SqliteIndex
from groundwire.adapters.embedded.store import migrate
from groundwire.model.ids import ChunkId, WorkspaceId
from groundwire.ports.passage_index import Hit

DIMENSIONS = 4


@pytest.fixture
def db(tmp_path: Path) -> Iterator[apsw.Connection]:
    db = apsw.Connection(str(tmp_path / "index.db"))
    vector_blocks.register(db)
    migrate(db, MIGRATIONS)
    db.execute("INSERT INTO workspaces VALUES (1, 'ws_one'), (2, 'ws_two')")
    with db:
        yield db
    db.close()


def vectors(count: int) -> NDArray[np.float32]:
    rows = np.random.default_rng(1).standard_normal((count, DIMENSIONS), dtype=np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def found(db: apsw.Connection, workspace: int, vector: NDArray[np.float32]) -> list[int]:
    return [row for row, _ in vector_blocks.nearest(db, 1, workspace, vector, limit=10)]


def test_after_adding_and_removing_the_nearest_are_those_of_a_plain_search(
    db: apsw.Connection,
) -> None:
    chance, all, blocks = random.Random(1), vectors(1_000), dict[int, int]()
    for row in range(1, len(all)):
        blocks[row] = vector_blocks.put(db, 1, 1 + row % 2, [row], all[row, None])[0]
        if row % 3 == 0:
            gone = chance.choice(list(blocks))
            vector_blocks.drop(db, 1, gone, blocks.pop(gone))

    for workspace in (1, 2):
        rows = [row for row in blocks if 1 + row % 2 == workspace]
        best = sorted(rows, key=lambda row: -float(all[row] @ all[0]))[:10]
        assert found(db, workspace, all[0]) == best
        everyone = vector_blocks.nearest(db, 1, workspace, all[0], limit=len(all))
        assert sorted(row for row, _ in everyone) == sorted(rows)


@pytest.mark.parametrize("few", [0, vector_blocks.FEW])
def test_the_nearest_among_given_rows_are_those_of_a_plain_search(
    db: apsw.Connection, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(vector_blocks, "FEW", few)
    all = vectors(1_000)
    vector_blocks.put(db, 1, 1, range(1, 1_000), all[1:])
    among = list(range(1, 1_000, 7))

    hits = vector_blocks.nearest(db, 1, 1, all[0], limit=10, among=among)

    assert [row for row, _ in hits] == sorted(among, key=lambda row: -float(all[row] @ all[0]))[:10]


def test_a_place_that_is_free_again_is_taken_and_an_empty_block_is_gone(
    db: apsw.Connection,
) -> None:
    rows, vector = range(1, 258), vectors(1)
    blocks = dict(zip(rows, vector_blocks.put(db, 1, 1, rows, vector.repeat(257, 0)), strict=True))
    vector_blocks.drop(db, 1, 7, blocks[7])

    assert vector_blocks.put(db, 1, 1, [300], vector) == [blocks[7]] != [blocks[257]]

    vector_blocks.drop(db, 1, 257, blocks[257])
    assert db.execute("SELECT number FROM blocks_1").fetchall() == [(blocks[1],)]
    assert db.execute("SELECT block FROM codes_1").fetchall() == [(blocks[1],)]


async def test_the_vectors_that_sqlite_vec_kept_are_found(tmp_path: Path) -> None:
    """A file of before is one without the second migration, with that library's tables."""
    path = tmp_path / "index.db"
    db = apsw.Connection(str(path))
    db.execute((MIGRATIONS / "0001_index.sql").read_text())
    db.execute(
        "INSERT INTO workspaces VALUES (1, 'ws_one');"
        "INSERT INTO space VALUES ('test', 4);"
        "INSERT INTO chunks VALUES (5, 'c5', 1, 'd', 0, 'text', NULL, NULL, '[]', '', 1);"
        "CREATE TABLE vectors_chunks (chunk_id INTEGER PRIMARY KEY, partition00, rowids);"
        "CREATE TABLE vectors_vector_chunks00 (rowid PRIMARY KEY, vectors);"
        "CREATE TABLE vectors_rowids (rowid INTEGER PRIMARY KEY, id, chunk_id, chunk_offset);"
        "INSERT INTO vectors_rowids VALUES (5, NULL, 3, 1);"
    )
    rows, kept = np.zeros(256, np.int64), np.zeros((256, DIMENSIONS), np.float32)
    rows[1], kept[1, 0] = 5, 1
    db.execute("INSERT INTO vectors_chunks VALUES (3, 1, ?)", (rows.tobytes(),))
    db.execute("INSERT INTO vectors_vector_chunks00 VALUES (3, ?)", (kept.tobytes(),))
    db.execute("PRAGMA user_version = 1")
    db.close()

    index = SqliteIndex(path, embedder="test")

    hits = await index.serving.search_meaning(WorkspaceId("ws_one"), kept[1], limit=3)
    assert hits == [Hit(ChunkId("c5"), 1.0)]
    index.close()
