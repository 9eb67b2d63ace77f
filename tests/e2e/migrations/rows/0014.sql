UPDATE search_sequence SET identity = 'this database' WHERE name = 'search_row';
