-- The crash row says which output is the valid one, and outlives the crash itself as its tombstone.
--
-- row_version: grows by one with each write of what was found; the processed crash carries the same number.
-- output: the claim whose output is valid and not under the processed crash's own key yet; empty once it is.
-- deleted: when the crash was deleted. The row is then a tombstone: all else is empty. cleaned: when its objects were gone.
ALTER TABLE crash ADD COLUMN row_version BIGINT NOT NULL DEFAULT 0;
ALTER TABLE crash ADD COLUMN output TEXT NOT NULL DEFAULT '';
ALTER TABLE crash ADD COLUMN deleted BIGINT;
ALTER TABLE crash ADD COLUMN cleaned BIGINT;

-- What was deleted before there were tombstones gets one. Versions were moments there.
INSERT INTO crash (crash_id, received, state, deleted)
    SELECT crash_id, date, 'deleted', row_version FROM search_row WHERE deleted
    ON CONFLICT (crash_id) DO NOTHING;
UPDATE search_row SET row_version = 0;

CREATE INDEX crash_with_output ON crash (crash_id) WHERE output <> '';
CREATE INDEX crash_to_clean ON crash (deleted) WHERE deleted IS NOT NULL AND cleaned IS NULL;
CREATE INDEX crash_cleaned ON crash (cleaned) WHERE cleaned IS NOT NULL;

-- Lists, each newest first. The names at the end let other conditions be tried without a look at the row.
CREATE INDEX crash_by_channel ON crash (channel, received, crash_id);
CREATE INDEX crash_by_product_channel ON crash (product, channel, received, crash_id);
CREATE INDEX crash_by_version ON crash (version, received, crash_id, product, channel);
CREATE INDEX crash_by_build_id ON crash (build_id, received, crash_id, product, channel, version);
DROP INDEX crash_by_signature;
CREATE INDEX crash_by_signature ON crash (signature_hash, received, crash_id, product, channel, version, build_id);
DROP INDEX crash_by_content;
CREATE INDEX crash_by_content ON crash (content_hash, received, crash_id);
-- The crashes of a build in the order in which they are passed on.
DROP INDEX crash_by_build;
CREATE INDEX crash_by_build ON crash (lookup_build, lookup_product, crash_id);

-- When to do what was wished for while the job was being worked on.
ALTER TABLE job ADD COLUMN again_run_at BIGINT;
CREATE INDEX job_by_age ON job (pushed) WHERE state < 2;
CREATE INDEX job_failed ON job (pushed, crash_id) WHERE state = 2;

-- Days whose stored reports all have rows. A report of such a day is acknowledged only with its row.
CREATE TABLE swept_day (
    day TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    swept BIGINT NOT NULL
);
