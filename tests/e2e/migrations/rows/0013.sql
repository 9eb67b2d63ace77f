INSERT INTO search_row VALUES ('numbered-crash', 600, 1, FALSE, 3, 1, CAST('a document' AS BLOB));
INSERT INTO search_row VALUES ('unnumbered-crash', 700, 1, FALSE, 3, NULL, CAST('a document' AS BLOB));
UPDATE search_sequence SET number = 1, owner = 'a process', lease_until = 1000 WHERE name = 'search_row';
