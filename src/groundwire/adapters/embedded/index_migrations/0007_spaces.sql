-- The vectors of each embedder are a space of their own, with tables that bear its number:
-- embedded_<number>, and for vectors that lie here embeddings_, blocks_ and codes_<number>.
CREATE TABLE spaces (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given twice
    embedder   TEXT    NOT NULL,
    address    TEXT    NOT NULL,  -- where this embedder is asked, '' if that is not known
    dimensions INTEGER NOT NULL,  -- 0 before the first vector
    place      TEXT    NOT NULL,  -- '' is this file
    state      TEXT    NOT NULL CHECK (state IN ('serving', 'coming', 'leaving'))
) STRICT;

-- A file without a space gets one of nobody, to be dropped when the first embedder comes.
INSERT INTO spaces (number, embedder, address, dimensions, place, state)
SELECT 1, ifnull(max(name), ''), '', ifnull(max(dimensions), 0), ifnull(max(place), ''), 'serving'
FROM space;
DROP TABLE space;

-- For each chunk the block with its vector: 0 without one, -1 if that is in another store, -2 if
-- the chunk is staged and its vector waits here.
CREATE TABLE embedded_1 (
    row       INTEGER PRIMARY KEY,  -- of the chunk
    workspace INTEGER NOT NULL,
    document  TEXT    NOT NULL,
    block     INTEGER NOT NULL
) STRICT;
INSERT INTO embedded_1 SELECT row, workspace, document, embedded FROM chunks;
CREATE INDEX embedded_1_missing ON embedded_1 (row) WHERE block = 0;
DROP INDEX chunks_to_embed;
ALTER TABLE chunks DROP COLUMN embedded;

ALTER TABLE embeddings RENAME TO embeddings_1;
ALTER TABLE blocks RENAME TO blocks_1;
ALTER TABLE block_codes RENAME TO codes_1;
DROP INDEX blocks_by_workspace;
CREATE INDEX blocks_1_by_workspace ON blocks_1 (workspace, free);
