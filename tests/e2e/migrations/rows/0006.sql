INSERT INTO import_lease VALUES ('another', 'a host', 3600, 17);
