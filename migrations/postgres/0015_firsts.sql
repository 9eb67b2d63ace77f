-- The first crash of each signature, by the date on which it came in, and the smallest build id of its crashes; NULL if
-- none has a build id of 1 to 18 digits. Rows stay when crashes are deleted.
CREATE TABLE signature_first (
    signature_hash TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    signature TEXT NOT NULL,
    first_date BIGINT NOT NULL,
    first_build BIGINT
);
INSERT INTO signature_first (signature_hash, signature, first_date, first_build)
    SELECT signature_hash, MIN(signature), MIN(received),
        MIN(NULLIF(CASE WHEN build_id ~ '^[0-9]{1,18}$' THEN CAST(build_id AS BIGINT) END, 0))
    FROM crash WHERE state = 'processed' AND signature <> '' GROUP BY signature_hash;

-- Crashes that are not processed, by the date on which they came in.
CREATE INDEX crash_unprocessed ON crash (received, crash_id) WHERE state = 'received';

-- The whole pipeline is the kind 3, above a new kind 2. Earlier releases take every number above 0 for it.
UPDATE job SET kind = 3 WHERE kind = 1;
UPDATE job SET again_kind = 3 WHERE again_kind = 1;
