INSERT INTO crash (crash_id, received, state, product, version, build_id, version_reported)
VALUES ('odd-crash', 530, 'processed', 'Firefox', '153.0b3', '20260827091500', '153.0.1');
INSERT INTO reported_version VALUES ('Firefox', 'beta', '20260827091500', '153.0.1', 'one', 700);
