-- The parts of a document that could not be read while the rest could: a JSON array of `Unread`.
ALTER TABLE documents ADD COLUMN unread TEXT NOT NULL DEFAULT '[]';
