-- The version that a client reported, where no build of its build id reports that; empty where it fits.
ALTER TABLE crash ADD COLUMN version_reported TEXT COLLATE "C" NOT NULL DEFAULT '';

-- Which installs reported a version that is not the one of their build, so that the audit can count them.
CREATE TABLE reported_version (
    product TEXT COLLATE "C" NOT NULL,
    channel TEXT COLLATE "C" NOT NULL,
    build_id TEXT COLLATE "C" NOT NULL,
    reported TEXT COLLATE "C" NOT NULL,
    install_hash TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (product, channel, build_id, reported, install_hash)
);
CREATE INDEX reported_version_by_time ON reported_version (at);
