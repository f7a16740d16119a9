-- A conversation that is gone takes its log with it, in one transaction, however it went. What the log held is
-- deleted bit by bit after that: at once it would hold up every other write.
CREATE TRIGGER conversations_gone AFTER DELETE ON conversations
BEGIN
    UPDATE logs SET log = 'removed:' || key, envelope = x'', busy = 0
    WHERE log = 'conversation:' || old.id;
END;
