INSERT INTO bug VALUES (7, 'NEW', '', 'It crashes', TRUE, '["crash"]', '{"cf_status_firefox152":"affected"}', 1000);
INSERT INTO bug_signature VALUES (7, 'OOM | small'), (7, 'a::b');
INSERT INTO bug_import VALUES (
    'bugzilla', 'me', 2000, 3, 'https://bugs.example/', 1000, 0, 0, 1000, 0, 0, 1000, 1500, 1500, 1200,
    'it does not answer', 0
);
