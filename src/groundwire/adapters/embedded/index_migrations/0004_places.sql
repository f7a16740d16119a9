-- Vectors may lie in another store: `chunks.embedded` is then -1 for a chunk that has one there.
ALTER TABLE space ADD COLUMN place TEXT NOT NULL DEFAULT '';  -- '' is this file

-- Vectors in other stores that do not count, or may not: to be removed there.
CREATE TABLE stale (
    place      TEXT NOT NULL,
    collection TEXT NOT NULL,
    chunk      TEXT NOT NULL,
    PRIMARY KEY (place, collection, chunk)
) STRICT, WITHOUT ROWID;
