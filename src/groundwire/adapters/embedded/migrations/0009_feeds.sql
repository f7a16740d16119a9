-- Places that documents come from, and what became of each thing in them.
CREATE TABLE feeds (
    id          TEXT    PRIMARY KEY,
    workspace   TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    address     TEXT    NOT NULL,
    added_by    TEXT    NOT NULL,
    created_at  TEXT    NOT NULL,
    options     TEXT    NOT NULL,          -- JSON
    interval_s  REAL,
    status      TEXT    NOT NULL,
    synced_at   TEXT,
    next_at     REAL,                      -- seconds since 1970
    batch       TEXT,
    counts      TEXT    NOT NULL,          -- JSON
    refusals    TEXT    NOT NULL,          -- JSON
    reason_code TEXT,
    reason      TEXT,
    removed     INTEGER NOT NULL
) STRICT;

CREATE INDEX feeds_of_workspace ON feeds (workspace);
CREATE INDEX feeds_due ON feeds (next_at) WHERE next_at IS NOT NULL;

CREATE TABLE feed_items (
    feed     TEXT NOT NULL,
    uri      TEXT NOT NULL,
    document TEXT NOT NULL,
    mark     TEXT NOT NULL,
    batch    TEXT NOT NULL,
    since    TEXT NOT NULL,
    PRIMARY KEY (feed, uri)
) STRICT, WITHOUT ROWID;

CREATE INDEX feed_items_by_document ON feed_items (document);

-- Which feed keeps a document: none if a person brought it.
ALTER TABLE documents ADD COLUMN feed TEXT;
ALTER TABLE documents ADD COLUMN uri TEXT;

CREATE INDEX documents_by_feed ON documents (feed) WHERE feed IS NOT NULL;
