-- The wall between tenants, and who may do what behind it.
CREATE TABLE workspaces (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    model      TEXT,                       -- NULL is `auto`
    created_at TEXT NOT NULL
) STRICT;

CREATE TABLE grants (
    principal TEXT NOT NULL,
    workspace TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    role      TEXT NOT NULL,               -- owner, editor or reader
    PRIMARY KEY (principal, workspace)
) STRICT, WITHOUT ROWID;

-- What was uploaded and how far it has come. The bytes are in the blob folder.
CREATE TABLE documents (
    id          TEXT PRIMARY KEY,
    workspace   TEXT NOT NULL,
    title       TEXT NOT NULL,
    media_type  TEXT NOT NULL,
    size_bytes  INTEGER NOT NULL,
    digest      TEXT NOT NULL,
    created_at  TEXT NOT NULL,
    status      TEXT NOT NULL,
    searchable  TEXT NOT NULL,
    pages       INTEGER,
    chunks      INTEGER NOT NULL,
    embedded    INTEGER NOT NULL,
    reason_code TEXT,
    reason      TEXT,
    UNIQUE (workspace, digest)             -- the same bytes twice are one document
) STRICT;

CREATE INDEX documents_digest ON documents (digest);
CREATE INDEX documents_unfinished ON documents (created_at) WHERE status NOT IN ('ready', 'failed');

-- Durable work. A row leaves when its work is done. Times are seconds since 1970, in UTC.
CREATE TABLE jobs (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    id      TEXT NOT NULL UNIQUE,
    kind    TEXT NOT NULL,
    key     TEXT NOT NULL,                 -- what it is about, a document's id
    attempt INTEGER NOT NULL DEFAULT 0,
    free_at REAL NOT NULL,                 -- before it nobody may take the job: a delay or a lease
    worker  TEXT,                          -- who holds the lease
    UNIQUE (kind, key)
) STRICT;

CREATE INDEX jobs_free ON jobs (kind, free_at);
