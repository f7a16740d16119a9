-- What people sort documents by. It changes without regard to work on the document: see documents.py.
ALTER TABLE documents ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;
-- When its present bytes came if they are not its first; else `created_at` counts.
ALTER TABLE documents ADD COLUMN dated_at TEXT;

CREATE INDEX documents_pinned ON documents (workspace) WHERE pinned;

CREATE TABLE document_tags (
    document TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    tag      TEXT NOT NULL,                -- as model.filters.clean_tags makes it
    PRIMARY KEY (document, tag)
) STRICT, WITHOUT ROWID;

CREATE INDEX documents_by_tag ON document_tags (tag);

CREATE TABLE collections (
    id         TEXT PRIMARY KEY,
    workspace  TEXT NOT NULL,
    name       TEXT NOT NULL,
    created_at TEXT NOT NULL,
    UNIQUE (workspace, name)
) STRICT;

CREATE TABLE collected (
    collection TEXT NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    document   TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    PRIMARY KEY (document, collection)
) STRICT, WITHOUT ROWID;

CREATE INDEX documents_by_collection ON collected (collection);
