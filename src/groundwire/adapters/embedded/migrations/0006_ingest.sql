-- Whose work a job is: users take turns, however much each has queued.
ALTER TABLE jobs ADD COLUMN lane TEXT NOT NULL DEFAULT '';
-- 1: it was asked for again while it ran, and is done once more after that.
ALTER TABLE jobs ADD COLUMN again INTEGER NOT NULL DEFAULT 0;

DROP INDEX jobs_free;
CREATE INDEX jobs_by_lane ON jobs (kind, lane, number);

CREATE TABLE lanes (
    kind TEXT    NOT NULL,
    lane TEXT    NOT NULL,
    turn INTEGER NOT NULL,                 -- when it was served last: the lowest is next
    PRIMARY KEY (kind, lane)
) STRICT, WITHOUT ROWID;

INSERT INTO lanes SELECT DISTINCT kind, lane, 0 FROM jobs;

-- Who brought a document, what it came with, and whether work on it is held.
ALTER TABLE documents ADD COLUMN added_by TEXT NOT NULL DEFAULT '';
ALTER TABLE documents ADD COLUMN batch TEXT;
ALTER TABLE documents ADD COLUMN paused INTEGER NOT NULL DEFAULT 0;
-- Grows with every command on the document: work that began before it writes nothing more.
ALTER TABLE documents ADD COLUMN fence INTEGER NOT NULL DEFAULT 0;

CREATE INDEX documents_by_batch ON documents (workspace, batch, status, paused)
    WHERE batch IS NOT NULL;
