-- What is said still, what was taken back, what was said again after that, and what no sighting is known of.
INSERT INTO observation
VALUES ('said', 'buildhub', 'buildhub_record', 'Firefox 20260827091500', 'Firefox 153.', NULL, 'http://a/1', 'hub',
        '{"build":1}', 1000),
    ('taken back', 'csv', 'csv_row', 'Firefox 20260826091500', 'Firefox 153.', NULL, 'csv:t', 'csv:t', '{"row":1}',
        1000),
    ('said again', 'archive', 'archive_file', '/pub/é', 'Firefox 153.', NULL, 'http://a/2', '/pub/', '{}', 1000),
    ('not understood', 'archive', 'archive_file', '/pub/b', NULL, 'it has no build id', 'http://a/3', '/pub/', '', 500);
INSERT INTO sighting
VALUES ('said', 1000, NULL), ('taken back', 1000, 2000), ('said again', 1000, 2000), ('said again', 3000, NULL);

INSERT INTO import_run
VALUES (1000, 'auto', '{}', 1000, 1500, 'complete', 9, 4, 4, 0, 0, 1, ''),
    (3000, 'buildhub', '', 3000, NULL, 'running', 0, 0, 0, 0, 0, 0, 'it goes on');
INSERT INTO import_lease VALUES ('import', 'a host', 3500);

INSERT INTO correction
VALUES (1, 'set', 'Firefox 20260827091500', 'version', '153.0b3', 'somebody', 'the tag says so', 1200, NULL, NULL),
    (2, 'drop', 'Firefox 20260826091500', NULL, NULL, 'somebody', 'it was a test', 1300, 1400, 'somebody else');
INSERT INTO dirty_group VALUES ('Firefox 153.');

INSERT INTO build
VALUES ('Firefox', 'beta', '153.0b2', 20260827091500, 'linux64', '', 1, 2, 'Firefox 153.', '0153', 'abc', '{"v":1}'),
    ('Firefox', 'beta', '153.0b3', 20260827091500, 'linux64', '', 2, NULL, 'Firefox 153.', '0153', NULL, '{"v":2}');
INSERT INTO generation VALUES (1, 1100, 1), (2, 1250, 1);
INSERT INTO conclusion_change VALUES (2, 'Firefox', 20260827091500, '["153.0b2"]', '["153.0b3"]', 'changed');
INSERT INTO conflict VALUES ('Firefox 153.', 'Firefox 20260827091500', 'version', '{"says":2}');
