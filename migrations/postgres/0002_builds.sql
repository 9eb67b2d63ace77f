-- What sources said, exactly as they said it. Append-only: named by the digest of the content.
CREATE TABLE observation (
    digest TEXT NOT NULL PRIMARY KEY,
    source TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    group_key TEXT,
    problem TEXT,
    url TEXT NOT NULL,
    place TEXT NOT NULL,
    body TEXT NOT NULL,
    first_run BIGINT NOT NULL
);
CREATE INDEX observation_by_group ON observation (group_key);
CREATE INDEX observation_by_place ON observation (source, place);
CREATE INDEX observation_by_kind ON observation (kind);

-- From which run to which a source said it. Closed only by a complete listing without it.
CREATE TABLE sighting (
    digest TEXT NOT NULL,
    from_run BIGINT NOT NULL,
    to_run BIGINT,
    PRIMARY KEY (digest, from_run)
);

-- One import. The id is the moment of its start.
CREATE TABLE import_run (
    id BIGINT NOT NULL PRIMARY KEY,
    source TEXT NOT NULL,
    policy TEXT NOT NULL,
    started BIGINT NOT NULL,
    ended BIGINT,
    outcome TEXT NOT NULL,
    requests BIGINT NOT NULL,
    records BIGINT NOT NULL,
    new_records BIGINT NOT NULL,
    unchanged BIGINT NOT NULL,
    errors BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    notes TEXT NOT NULL
);

-- Who imports right now; renewed while it does.
CREATE TABLE import_lease (
    name TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    lease_until BIGINT NOT NULL
);

-- What people state against the sources.
CREATE TABLE correction (
    id BIGINT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    field TEXT,
    value TEXT,
    author TEXT NOT NULL,
    reason TEXT NOT NULL,
    created BIGINT NOT NULL,
    undone_at BIGINT,
    undone_by TEXT
);

-- Groups of observations that must be derived again.
CREATE TABLE dirty_group (
    group_key TEXT NOT NULL PRIMARY KEY
);

-- What was concluded. A row is valid from its first generation up to, not including, its last.
-- The body is the whole build as JSON; the columns are what is asked for.
CREATE TABLE build (
    product TEXT NOT NULL,
    channel TEXT NOT NULL,
    version TEXT NOT NULL,
    build_id BIGINT NOT NULL,
    platform TEXT NOT NULL,
    variant TEXT NOT NULL,
    from_generation BIGINT NOT NULL,
    to_generation BIGINT,
    group_key TEXT NOT NULL,
    version_key TEXT NOT NULL,
    revision TEXT,
    body TEXT NOT NULL,
    PRIMARY KEY (product, channel, version, build_id, platform, variant, from_generation)
);
CREATE INDEX build_by_id ON build (build_id, product);
CREATE INDEX build_by_channel ON build (product, channel, build_id);
CREATE INDEX build_by_group ON build (group_key);
CREATE INDEX build_by_version ON build (product, version);
CREATE INDEX build_by_revision ON build (revision);

-- A finished state of all builds; readers use the newest one.
CREATE TABLE generation (
    n BIGINT NOT NULL PRIMARY KEY,
    created BIGINT NOT NULL,
    builds BIGINT NOT NULL
);

-- What became different from one generation to the next, for whoever used the old answer.
CREATE TABLE conclusion_change (
    generation BIGINT NOT NULL,
    product TEXT NOT NULL,
    build_id BIGINT NOT NULL,
    old TEXT NOT NULL,
    new TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (generation, product, build_id)
);

-- Where sources contradict each other, by group.
CREATE TABLE conflict (
    group_key TEXT NOT NULL,
    subject TEXT NOT NULL,
    field TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (group_key, subject, field)
);
