INSERT INTO archive_place
VALUES ('/pub/', 'open', '{"folders":2}', '"etag"', 3000), ('/pub/old/', 'settled', '{}', NULL, 1000),
    ('/pub/none/', 'absent', '{}', NULL, 1000), ('/pub/bad/', 'bad', 'no listing', NULL, 1000);
INSERT INTO source_state
VALUES ('buildhub', 3000, NULL, NULL, 'it does not answer'), ('archive', 3000, 3000, 20260827091500, NULL);
INSERT INTO raw_response
VALUES (1000, 1, 'GET', '/pub/', '', 200, 'text/html', '"etag"', CAST('a page' AS BLOB), 1001),
    (1000, 2, 'POST', '/api/search', '{"size":1}', 502, NULL, NULL, CAST('' AS BLOB), 1002);

INSERT INTO unknown_build
VALUES ('Firefox', 'beta', '20260828091500', 'not_seen', 12, 700, 800), ('', '', 'letters', 'junk', 1, 700, 700);
INSERT INTO unknown_seen
VALUES ('Firefox', 'beta', '20260828091500', 'one', '153.0', 700),
    ('Firefox', 'beta', '20260828091500', 'other', '153.0', 710);
INSERT INTO unknown_alarm
VALUES ('Firefox', 'beta', '20260828091500', '153.0', 2, 710, NULL, NULL, NULL),
    ('Firefox', 'beta', '20260820091500', '153.0', 5, 610, 620, 'found', 630);
