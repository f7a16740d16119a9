-- 1: of a version that is not whole yet, and found by no search. A staged chunk that has its
-- vector here has -2 for its block: see `staging`.
ALTER TABLE chunks ADD COLUMN staged INTEGER NOT NULL DEFAULT 0;
