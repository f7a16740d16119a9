-- What came together takes turns with what else its user brought: a job's turn is one after the
-- last of its batch, or after the one that its lane has reached.
ALTER TABLE jobs ADD COLUMN batch TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;
ALTER TABLE lanes ADD COLUMN reached INTEGER NOT NULL DEFAULT 0;

DROP INDEX jobs_by_lane;
CREATE INDEX jobs_by_turn ON jobs (kind, lane, turn, number);
CREATE INDEX jobs_by_batch ON jobs (kind, lane, batch, turn);
