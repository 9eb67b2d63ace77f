INSERT INTO signature_first VALUES ('another hash', 'victim::paint', 600, NULL);
