-- Where a chunk stands, beyond its page: see `Place` and `Chunk.part` in the model.
ALTER TABLE chunks ADD COLUMN place TEXT;                     -- a JSON object, or NULL
ALTER TABLE chunks ADD COLUMN part  TEXT NOT NULL DEFAULT '';
