-- Who may see or do what. Of a token only its hash is stored.
CREATE TABLE token (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    hash TEXT COLLATE "C" NOT NULL,
    permissions TEXT COLLATE "C" NOT NULL,
    note TEXT COLLATE "C" NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    revoked BIGINT,
    last_used BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX token_by_hash ON token (hash);
CREATE INDEX token_by_creation ON token (created, id);

-- Browsers that are signed in, each by a token. Of a cookie only its hash is stored.
CREATE TABLE session (
    hash TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    token_id TEXT COLLATE "C" NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX session_by_token ON session (token_id);
CREATE INDEX session_by_end ON session (expires);

-- Who saw what is protected, and who changed what.
CREATE TABLE audit_log (
    at BIGINT NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    who TEXT COLLATE "C" NOT NULL,
    action TEXT COLLATE "C" NOT NULL,
    crash_id TEXT COLLATE "C" NOT NULL DEFAULT '',
    detail TEXT COLLATE "C" NOT NULL DEFAULT '',
    origin TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (at, id)
);
CREATE INDEX audit_log_by_crash ON audit_log (crash_id, at, id);
