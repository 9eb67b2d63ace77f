-- What was announced of builds, or withdrawn, and has not been taken in yet, in the order in which it came.
-- digest: of the observation that it becomes; empty where one is withdrawn. who: the id of the token.
CREATE TABLE inbox (
    number BIGINT NOT NULL PRIMARY KEY,
    place TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    digest TEXT COLLATE "C" NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    who TEXT COLLATE "C" NOT NULL
);
CREATE INDEX inbox_by_place ON inbox (place, subject, number);

-- The last number that was given. Whoever adds to the inbox holds this row, so that numbers are in the order in which
-- what came is known to others.
CREATE TABLE inbox_number (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL
);
