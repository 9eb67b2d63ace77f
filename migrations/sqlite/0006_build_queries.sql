-- Each taking of the right to import has a number of its own, which every transaction of an import checks.
ALTER TABLE import_lease ADD COLUMN token BIGINT NOT NULL DEFAULT 0;

-- What is said at a place now, in the order in which it is paged through.
DROP INDEX observation_by_place;
CREATE INDEX observation_said_at ON observation (source, place, digest) WHERE said_to IS NULL;

-- The subjects of a source's records, without reading the records; and what a correction names. Cut: PostgreSQL keeps no long keys.
DROP INDEX observation_by_kind;
CREATE INDEX observation_by_subject ON observation (source, kind, substr(subject, 1, 300), group_key);

-- What is said about versions as a whole: few among many.
CREATE INDEX observation_of_facts ON observation (digest)
    WHERE kind IN ('shipped_release', 'release_directory', 'release_history', 'current_versions') AND said_to IS NULL;

-- What a generation wrote and what it closed.
CREATE INDEX build_from ON build (from_generation, product, build_id);
CREATE INDEX build_to ON build (to_generation, product, build_id) WHERE to_generation IS NOT NULL;

-- What changed about one build.
CREATE INDEX conclusion_change_of ON conclusion_change (product, build_id, generation);

CREATE INDEX import_run_by_outcome ON import_run (outcome);
CREATE INDEX archive_place_bad ON archive_place (path) WHERE state = 'bad';

CREATE INDEX unknown_build_by_id ON unknown_build (build_id, product, channel);
CREATE INDEX unknown_build_by_verdict ON unknown_build (verdict, last_asked);
CREATE INDEX unknown_build_by_product ON unknown_build (product, verdict, last_asked);
CREATE INDEX unknown_alarm_by_id ON unknown_alarm (build_id, product, channel);
CREATE INDEX unknown_alarm_by_time ON unknown_alarm (raised);
CREATE INDEX unknown_alarm_open ON unknown_alarm (build_id, product, channel) WHERE cleared IS NULL;

-- What was said long ago, for upkeep.
CREATE INDEX sighting_by_end ON sighting (to_run);
