-- By which rows of a site's own the stored builds were derived: the products whose row is another one than the one that
-- is built in, each with the digest of its row.
CREATE TABLE peculiar_product (
    product TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    digest TEXT COLLATE "C" NOT NULL
);
