-- Feeds that are not looked at for now, and removed ones whose documents stay.
ALTER TABLE feeds ADD COLUMN paused INTEGER NOT NULL DEFAULT 0;
ALTER TABLE feeds ADD COLUMN keeps_documents INTEGER NOT NULL DEFAULT 0;
