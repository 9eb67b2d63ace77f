INSERT INTO observation
VALUES ('withdrawn', 'csv', 'csv_row', 'Firefox 20260825091500', 'Firefox 153.', NULL, 'csv:t', 'csv:t', '{}', 1000,
    1000, 3000);
