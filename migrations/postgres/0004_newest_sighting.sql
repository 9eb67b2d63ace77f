-- The newest sighting of an observation stands in its own row: from which run to which the source has been saying it, to none while it
-- still does. The table sighting keeps the earlier ones.
ALTER TABLE observation ADD COLUMN said_from BIGINT NOT NULL DEFAULT 0;
ALTER TABLE observation ADD COLUMN said_to BIGINT;

UPDATE observation SET
    said_from = COALESCE((SELECT MAX(s.from_run) FROM sighting s WHERE s.digest = observation.digest), first_run),
    said_to = (SELECT s.to_run FROM sighting s WHERE s.digest = observation.digest ORDER BY s.from_run DESC LIMIT 1);

DELETE FROM sighting WHERE EXISTS (SELECT 1 FROM observation o WHERE o.digest = sighting.digest AND o.said_from = sighting.from_run);

-- What sources have taken back, for the audit.
CREATE INDEX observation_taken_back ON observation (said_to) WHERE said_to IS NOT NULL;
