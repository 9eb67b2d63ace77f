-- What the archive's folders were found to hold, so that the next import asks only for what could have changed.
-- state: open (look again), settled (nothing more will come), absent (not there). seen: what it held, as JSON.
CREATE TABLE archive_place (
    path TEXT NOT NULL PRIMARY KEY,
    state TEXT NOT NULL,
    seen TEXT NOT NULL,
    etag TEXT,
    run BIGINT NOT NULL
);

-- How each source does: when it was last asked, when it last answered, and what it said instead.
CREATE TABLE source_state (
    source TEXT NOT NULL PRIMARY KEY,
    tried BIGINT NOT NULL,
    answered BIGINT,
    newest BIGINT,
    trouble TEXT
);

-- The answers of sources during a run that was captured, word for word and compressed (zstd).
CREATE TABLE raw_response (
    run BIGINT NOT NULL,
    number BIGINT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    question TEXT NOT NULL,
    status BIGINT NOT NULL,
    content_type TEXT,
    etag TEXT,
    body BYTEA NOT NULL,
    fetched BIGINT NOT NULL,
    PRIMARY KEY (run, number)
);

-- Build ids that were asked for and that no source knows.
CREATE TABLE unknown_build (
    product TEXT NOT NULL,
    channel TEXT NOT NULL,
    build_id TEXT NOT NULL,
    verdict TEXT NOT NULL,
    asked BIGINT NOT NULL,
    first_asked BIGINT NOT NULL,
    last_asked BIGINT NOT NULL,
    PRIMARY KEY (product, channel, build_id)
);
CREATE INDEX unknown_build_by_time ON unknown_build (last_asked);

-- Which installs reported a crash of an unknown build, so that an alarm can count them.
CREATE TABLE unknown_seen (
    product TEXT NOT NULL,
    channel TEXT NOT NULL,
    build_id TEXT NOT NULL,
    install_hash TEXT NOT NULL,
    reported TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (product, channel, build_id, install_hash)
);
CREATE INDEX unknown_seen_by_time ON unknown_seen (at);

-- A plausible build of an official channel that crashes on several installs and that no source knows.
CREATE TABLE unknown_alarm (
    product TEXT NOT NULL,
    channel TEXT NOT NULL,
    build_id TEXT NOT NULL,
    reported TEXT NOT NULL,
    installs BIGINT NOT NULL,
    raised BIGINT NOT NULL,
    tried BIGINT,
    outcome TEXT,
    cleared BIGINT,
    PRIMARY KEY (product, channel, build_id)
);

-- The few observations that cannot be interpreted, for the audit.
CREATE INDEX observation_with_problem ON observation (digest) WHERE problem IS NOT NULL;
