-- Bugs that name crash signatures, as a Bugzilla shows them to everybody. begun: the first import from that Bugzilla,
-- by its time; flags: a JSON object; keywords: a JSON list.
CREATE TABLE bug (
    id BIGINT NOT NULL PRIMARY KEY,
    status TEXT COLLATE "C" NOT NULL,
    resolution TEXT COLLATE "C" NOT NULL,
    summary TEXT COLLATE "C" NOT NULL,
    assigned BOOLEAN NOT NULL,
    keywords TEXT COLLATE "C" NOT NULL,
    flags TEXT COLLATE "C" NOT NULL,
    begun BIGINT NOT NULL
);

-- The signatures that each names.
CREATE TABLE bug_signature (
    bug_id BIGINT NOT NULL,
    signature TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (bug_id, signature)
);
CREATE INDEX bug_signature_by_signature ON bug_signature (signature, bug_id);

-- Who imports bugs, how far that has come, and how the last import went: one row.
CREATE TABLE bug_import (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    owner TEXT COLLATE "C" NOT NULL,
    lease_until BIGINT NOT NULL,
    token BIGINT NOT NULL,
    root TEXT COLLATE "C" NOT NULL DEFAULT '',
    begun BIGINT NOT NULL DEFAULT 0,
    page_offset BIGINT NOT NULL DEFAULT 0,
    page_last BIGINT NOT NULL DEFAULT 0,
    since BIGINT NOT NULL DEFAULT 0,
    check_begun BIGINT NOT NULL DEFAULT 0,
    check_after BIGINT NOT NULL DEFAULT 0,
    checked BIGINT NOT NULL DEFAULT 0,
    tried BIGINT NOT NULL DEFAULT 0,
    good BIGINT NOT NULL DEFAULT 0,
    failed BIGINT NOT NULL DEFAULT 0,
    failure TEXT COLLATE "C" NOT NULL DEFAULT '',
    again BIGINT NOT NULL DEFAULT 0
);
