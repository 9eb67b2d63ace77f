-- A search row has no number until it is given one: whoever writes it leaves seq empty, and one process at a time
-- numbers what has none. Rows that are there are numbered again, by date.
CREATE TABLE search_row_numbered (
    crash_id TEXT NOT NULL PRIMARY KEY,
    date BIGINT NOT NULL,
    row_version BIGINT NOT NULL,
    deleted BOOLEAN NOT NULL,
    schema BIGINT NOT NULL,
    seq BIGINT,
    doc BLOB NOT NULL
);
INSERT INTO search_row_numbered (crash_id, date, row_version, deleted, schema, seq, doc)
    SELECT crash_id, date, row_version, deleted, schema, NULL, doc FROM search_row;
DROP TABLE search_row;
ALTER TABLE search_row_numbered RENAME TO search_row;
CREATE INDEX search_row_by_seq ON search_row (seq);
CREATE INDEX search_row_by_date ON search_row (date);
CREATE INDEX search_row_unnumbered ON search_row (date, crash_id) WHERE seq IS NULL;
-- Which forms the documents have.
CREATE INDEX search_row_by_schema ON search_row (schema, date, crash_id) WHERE NOT deleted;

-- number: the last number that was given. removed: the highest number of a row that was removed. owner, lease_until:
-- who gives numbers. That process holds this row until its commit, so that numbers become visible in their order.
CREATE TABLE search_sequence (
    name TEXT NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL,
    removed BIGINT NOT NULL,
    owner TEXT NOT NULL,
    lease_until BIGINT NOT NULL
);
INSERT INTO search_sequence (name, number, removed, owner, lease_until) VALUES ('search_row', 0, 0, '', 0);
