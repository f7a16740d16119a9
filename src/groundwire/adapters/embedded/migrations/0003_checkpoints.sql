-- What the logs fold into, each as of a position: derived from the events, and made again from them
-- where it is missing or was written in another format. Both tables may be emptied at any time.
CREATE TABLE checkpoints (
    log_key INTEGER PRIMARY KEY REFERENCES logs (key) ON DELETE CASCADE,
    format  INTEGER NOT NULL,              -- of turns here and of data below
    seq     INTEGER NOT NULL,              -- as of which event
    count   INTEGER NOT NULL,              -- of its messages
    turns   BLOB NOT NULL                  -- JSON of the turns that are not done
) STRICT;

CREATE TABLE messages (
    number  INTEGER PRIMARY KEY,
    log_key INTEGER NOT NULL REFERENCES logs (key) ON DELETE CASCADE,
    place   INTEGER NOT NULL,              -- from 1, in the order they came
    id      TEXT NOT NULL,
    sources INTEGER,                       -- seq of the event that says them: they are not stored twice
    data    BLOB NOT NULL,                 -- JSON of conversation.state.Message, without its sources
    UNIQUE (log_key, place),
    UNIQUE (log_key, id)
) STRICT;
