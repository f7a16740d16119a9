-- Tokens of turns that ended a while ago become a few events, each in place of many.
ALTER TABLE events ADD COLUMN first INTEGER;   -- seq of the first event that this one stands for, if of many

ALTER TABLE logs ADD COLUMN compacted INTEGER NOT NULL DEFAULT 0;   -- up to where that was done

-- Where turns ended that were not compacted yet: before `seq`, no token is of a turn that runs.
CREATE TABLE ended (
    log_key INTEGER NOT NULL REFERENCES logs (key) ON DELETE CASCADE,
    seq     INTEGER NOT NULL,
    at      REAL NOT NULL,                     -- seconds since 1970, in UTC
    PRIMARY KEY (log_key, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX ended_at ON ended (at);

INSERT INTO ended
SELECT key, head, unixepoch() FROM logs WHERE busy = 0 AND head > 0 AND log LIKE 'conversation:%';
