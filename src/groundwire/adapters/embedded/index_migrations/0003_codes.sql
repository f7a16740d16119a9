-- A search scans codes of 8 bits in blocks and looks closer at the best: see `vector_blocks`.
CREATE TABLE embeddings (
    row    INTEGER PRIMARY KEY,  -- of the chunk
    vector BLOB NOT NULL         -- 32-bit floats
) STRICT;

CREATE TABLE block_codes (
    block INTEGER PRIMARY KEY,
    codes BLOB NOT NULL          -- for each place 8-bit integers
) STRICT;

-- Until now blocks held the vectors themselves. `int64` and `codes` are functions of ours.
WITH RECURSIVE places (place) AS (SELECT 0 UNION ALL SELECT place + 1 FROM places WHERE place < 255)
INSERT INTO embeddings
SELECT int64(substr(rows, 8 * place + 1, 8)),
       substr(vectors, length(vectors) / 256 * place + 1, length(vectors) / 256)
FROM blocks JOIN block_vectors ON block = number, places
WHERE substr(rows, 8 * place + 1, 8) <> zeroblob(8);
INSERT INTO block_codes SELECT block, codes(vectors) FROM block_vectors;
DROP TABLE block_vectors;
