-- What was announced of builds, or withdrawn, and has not been taken in yet, in the order in which it came.
-- digest: of the observation that it becomes; empty where one is withdrawn. who: the id of the token.
CREATE TABLE inbox (
    number BIGINT NOT NULL PRIMARY KEY,
    place TEXT NOT NULL,
    subject TEXT NOT NULL,
    digest TEXT NOT NULL,
    body TEXT NOT NULL,
    who TEXT NOT NULL
);
CREATE INDEX inbox_by_place ON inbox (place, subject, number);

-- The last number that was given. Whoever adds to the inbox holds this row, so that numbers are in the order in which
-- what came is known to others.
CREATE TABLE inbox_number (
    name TEXT NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL
);
