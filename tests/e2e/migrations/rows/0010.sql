INSERT INTO token (id, hash, permissions, note, created, expires, revoked)
VALUES ('0a1b2c3d', 'ab', 'view_pii view_rawdump', 'a person', 800, 900, NULL),
       ('4e5f6a7b', 'cd', '', 'another', 801, 901, 850);
INSERT INTO session VALUES ('ef', '0a1b2c3d', 810, 890);
INSERT INTO audit_log VALUES (820, '01', 'token 0a1b2c3d', 'read_raw', 'odd-crash', '', '192.0.2.1');
