-- Which database this is, so that an index that was made of another one is known to be.
ALTER TABLE search_sequence ADD COLUMN identity TEXT NOT NULL DEFAULT '';
UPDATE search_sequence SET identity = replace(gen_random_uuid()::TEXT, '-', '');

-- Rows are read by date, the newest first, a page at a time.
DROP INDEX search_row_by_date;
CREATE INDEX search_row_by_date ON search_row (date, crash_id);
