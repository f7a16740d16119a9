-- Where each part of a chunk stands, if not all do alike: see `Spot` in the model.
ALTER TABLE chunks ADD COLUMN spots TEXT;  -- a JSON array, or NULL
