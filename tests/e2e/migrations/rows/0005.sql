-- One whose output is not copied yet, and two that were deleted: of the second nothing is left.
INSERT INTO crash (crash_id, received, state, product, processed, row_version, output)
VALUES ('new-crash', 500, 'processed', 'Firefox', 550, 3, 'claim-1');
INSERT INTO crash (crash_id, received, state, row_version, deleted, cleaned)
VALUES ('buried-crash', 510, 'deleted', 2, 560, NULL), ('forgotten-crash', 520, 'deleted', 4, 560, 570);
INSERT INTO search_row VALUES ('new-crash', 500, 3, FALSE, 1, 3, CAST('another document' AS BLOB));
INSERT INTO job VALUES ('wanted-crash', 2, 1, 1, 130, 100, 900, 'a worker', 1, 0, 0, '', 1, 0, 140);
INSERT INTO swept_day VALUES ('20260827', 600);
