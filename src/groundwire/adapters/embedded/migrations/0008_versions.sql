-- A document's next version, as a JSON object, while it is read; the present one serves meanwhile.
ALTER TABLE documents ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE documents ADD COLUMN next    TEXT;

CREATE UNIQUE INDEX documents_next ON documents (json_extract(next, '$.digest'), workspace);
