-- The index of passages. It can be made again from the documents at any time.

-- The number of a workspace names its table of words: words_<number>, made with its first chunk.
CREATE TABLE workspaces (
    number INTEGER PRIMARY KEY,
    id     TEXT    NOT NULL UNIQUE
) STRICT;

CREATE TABLE chunks (
    row       INTEGER PRIMARY KEY,  -- the same in the words and in the vectors
    id        TEXT    NOT NULL UNIQUE,
    workspace INTEGER NOT NULL REFERENCES workspaces,
    document  TEXT    NOT NULL,
    position  INTEGER NOT NULL,
    text      TEXT    NOT NULL,
    page      INTEGER,
    last_page INTEGER,
    headings  TEXT    NOT NULL,     -- a JSON array, outermost first
    title     TEXT    NOT NULL,     -- of the document, since its words count too
    embedded  INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX chunks_by_document ON chunks (document, position);
CREATE INDEX chunks_to_embed ON chunks (document, position) WHERE embedded = 0;
CREATE INDEX chunks_by_workspace ON chunks (workspace);

-- The one space that the vectors are in: another embedder starts over.
CREATE TABLE space (
    name       TEXT    NOT NULL,
    dimensions INTEGER NOT NULL
) STRICT;
