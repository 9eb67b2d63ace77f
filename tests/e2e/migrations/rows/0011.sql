INSERT INTO inbox (number, place, subject, digest, body, who)
VALUES (7, 'own:/Firefox/beta/20260827091500', 'Firefox beta 20260827091500 win64', '5e', '{}', 'a pipeline'),
       (8, 'own:/Firefox/beta/20260827091500', 'Firefox beta 20260827091500 win64', '', '', 'another');
INSERT INTO inbox_number VALUES ('inbox', 8);
