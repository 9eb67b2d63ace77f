-- One that waits, one that is processed, one that is a copy; and one that is known by its search row alone, as it was
-- deleted.
INSERT INTO crash (crash_id, received, state, product, version, channel, build_id, weight, content_hash)
VALUES ('waiting-crash', 100, 'received', 'Firefox', '153.0', 'beta', '20260827091500', 0.25, 'c0ffee');
INSERT INTO crash
VALUES ('processed-crash', 200, 'processed', 'Firefox', '153.0b2', 'beta', '20260827091500', 'Linux', 'parent',
    'victim::render', 'hash of it', 'SIGSEGV', 1, 'beef', NULL, 'Firefox', '20260827091500', 'digest', 'shipped', 7,
    250);
INSERT INTO crash (crash_id, received, state, product, duplicate_of)
VALUES ('copied-crash', 300, 'duplicate', 'Fenix "é"', 'waiting-crash');

INSERT INTO search_row
VALUES ('processed-crash', 200, 250, FALSE, 1, 1, CAST('a document' AS BLOB)),
    ('deleted-crash', 400, 900, TRUE, 1, 2, CAST('' AS BLOB));

INSERT INTO job
VALUES ('waiting-crash', 1, 0, 0, 100, 100, 0, '', 0, 0, 0, '', NULL, NULL),
    ('claimed-crash', 2, 1, 1, 110, 100, 900, 'a worker', 1, 0, 0, '', 0, 1),
    ('failed-crash', 1, 0, 2, 120, 100, 0, '', 9, 8, 2, 'the dump is empty', NULL, NULL);

INSERT INTO progress VALUES ('changes', 6);
