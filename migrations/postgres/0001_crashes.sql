-- Crash reports that were taken in, one row each. A cache: rebuilt from the blobs when lost.
CREATE TABLE crash (
    crash_id TEXT NOT NULL PRIMARY KEY,
    received BIGINT NOT NULL,
    state TEXT NOT NULL,
    product TEXT NOT NULL DEFAULT '',
    version TEXT NOT NULL DEFAULT '',
    channel TEXT NOT NULL DEFAULT '',
    build_id TEXT NOT NULL DEFAULT '',
    os_name TEXT NOT NULL DEFAULT '',
    process_type TEXT NOT NULL DEFAULT '',
    signature TEXT NOT NULL DEFAULT '',
    signature_hash TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT '',
    weight DOUBLE PRECISION NOT NULL DEFAULT 1,
    content_hash TEXT NOT NULL DEFAULT '',
    duplicate_of TEXT,
    lookup_product TEXT NOT NULL DEFAULT '',
    lookup_build TEXT NOT NULL DEFAULT '',
    answer_digest TEXT NOT NULL DEFAULT '',
    build_status TEXT NOT NULL DEFAULT '',
    generation BIGINT NOT NULL DEFAULT 0,
    processed BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX crash_by_time ON crash (received, crash_id);
CREATE INDEX crash_by_product ON crash (product, received, crash_id);
CREATE INDEX crash_by_signature ON crash (signature_hash, received, crash_id);
CREATE INDEX crash_by_build ON crash (lookup_build, lookup_product);
CREATE INDEX crash_by_content ON crash (content_hash, received);

-- What search reads: one flat document for each processed crash (zstd-compressed JSON).
CREATE TABLE search_row (
    crash_id TEXT NOT NULL PRIMARY KEY,
    date BIGINT NOT NULL,
    row_version BIGINT NOT NULL,
    deleted BOOLEAN NOT NULL,
    schema BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    doc BYTEA NOT NULL
);
CREATE INDEX search_row_by_seq ON search_row (seq);
CREATE INDEX search_row_by_date ON search_row (date);

-- Work to do: at most one row for each crash. state: 0 ready, 1 claimed, 2 failed.
CREATE TABLE job (
    crash_id TEXT NOT NULL PRIMARY KEY,
    lane BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    state BIGINT NOT NULL,
    run_at BIGINT NOT NULL,
    pushed BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    owner TEXT NOT NULL,
    claims BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    walker_deaths BIGINT NOT NULL,
    last_error TEXT NOT NULL,
    again_lane BIGINT,
    again_kind BIGINT
);
CREATE INDEX job_due ON job (lane, run_at, crash_id) WHERE state < 2;

-- How far a background task has come, by its name.
CREATE TABLE progress (
    name TEXT NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);
