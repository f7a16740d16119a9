-- Vectors in blocks that are read and multiplied whole: see `vector_blocks`.
CREATE TABLE blocks (
    number    INTEGER PRIMARY KEY,
    workspace INTEGER NOT NULL REFERENCES workspaces,
    free      INTEGER NOT NULL,  -- places in it
    rows      BLOB    NOT NULL   -- for each place the row of its chunk in 64 bits, or 0
) STRICT;

CREATE INDEX blocks_by_workspace ON blocks (workspace, free);

-- Apart, since they are changed in place and a row is written whole.
CREATE TABLE block_vectors (
    block   INTEGER PRIMARY KEY,
    vectors BLOB NOT NULL        -- for each place 32-bit floats
) STRICT;

-- From now on `embedded` is the number of the block with the chunk's vector, 0 without one.
-- Until now the library sqlite-vec kept vectors, in tables that are much like these. They are
-- not there in a new file. What it called `vectors` stays: only the library can drop it.
CREATE TABLE IF NOT EXISTS vectors_chunks (chunk_id, partition00, rowids);
CREATE TABLE IF NOT EXISTS vectors_vector_chunks00 (vectors);
CREATE TABLE IF NOT EXISTS vectors_rowids (chunk_id);
INSERT INTO blocks SELECT chunk_id, partition00, 0, rowids FROM vectors_chunks;
INSERT INTO block_vectors SELECT rowid, vectors FROM vectors_vector_chunks00;
UPDATE chunks SET embedded = v.chunk_id FROM vectors_rowids v WHERE v.rowid = chunks.row;
DROP TABLE vectors_chunks;
DROP TABLE vectors_vector_chunks00;
DROP TABLE vectors_rowids;
