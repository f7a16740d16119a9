-- The logs. One row per log, one row per event; `seq` is given in the transaction that stores it.
CREATE TABLE logs (
    key      INTEGER PRIMARY KEY,
    log      TEXT NOT NULL UNIQUE,         -- conversation:<id> or workspace:<id>
    envelope BLOB NOT NULL,                -- '"sessionId":"test_123"', spliced into every event
    epoch    TEXT NOT NULL,
    head     INTEGER NOT NULL DEFAULT 0,
    fence    INTEGER NOT NULL DEFAULT 0,   -- the number of the newest writer of a turn
    busy     INTEGER NOT NULL DEFAULT 0,   -- 1 while a turn is active or waits
    standing BLOB NOT NULL                 -- JSON of model.standing.Standing
) STRICT;

CREATE INDEX logs_busy ON logs (log) WHERE busy = 1;

CREATE TABLE events (
    log_key INTEGER NOT NULL REFERENCES logs (key) ON DELETE CASCADE,
    seq     INTEGER NOT NULL,
    data    BLOB NOT NULL,                 -- the very bytes that readers are sent
    PRIMARY KEY (log_key, seq)
) STRICT, WITHOUT ROWID;

-- Idempotency keys live outside what compaction may trim.
CREATE TABLE asked (
    log_key           INTEGER NOT NULL REFERENCES logs (key) ON DELETE CASCADE,
    author            TEXT NOT NULL,
    client_message_id TEXT NOT NULL,
    digest            TEXT NOT NULL,       -- of what was asked
    turn              TEXT NOT NULL,
    seq               INTEGER NOT NULL,
    PRIMARY KEY (log_key, author, client_message_id)
) STRICT, WITHOUT ROWID;

-- One row: what tells whether positions may have been given out twice (see lease.py).
CREATE TABLE lifetime (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    lease   TEXT NOT NULL,                 -- identity of the lease file when it was last taken
    boot    TEXT NOT NULL,                 -- boot id of the machine
    clean   INTEGER NOT NULL,              -- 1 after an orderly stop
    commits INTEGER NOT NULL               -- group commits so far
) STRICT;
INSERT INTO lifetime VALUES (1, '', '', 1, 0);

-- Who there is and how they prove it.
CREATE TABLE principals (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    role       TEXT NOT NULL,              -- in the installation: owner or member
    password   TEXT,                       -- argon2; NULL until one is set
    workspace  TEXT,                       -- the default one, made on first use
    created_at TEXT NOT NULL
) STRICT;

-- API keys, logins and tickets: whatever a client presents. Only a hash is kept.
CREATE TABLE credentials (
    id         TEXT PRIMARY KEY,
    principal  TEXT NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
    kind       TEXT NOT NULL,              -- key, session or setup
    name       TEXT NOT NULL,
    hash       BLOB NOT NULL UNIQUE,
    role       TEXT NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT,
    workspace  TEXT                        -- its default workspace, made on first use
) STRICT;

CREATE TABLE secrets (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

-- A conversation is found by the name its principal knows it by.
CREATE TABLE conversations (
    id         TEXT PRIMARY KEY,
    principal  TEXT NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,              -- sessionId on the wire
    workspace  TEXT NOT NULL,
    title      TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    UNIQUE (principal, name)
) STRICT;

CREATE INDEX conversations_of_workspace ON conversations (principal, workspace, updated_at);
