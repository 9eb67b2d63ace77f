-- Each taking of the right to import has a number of its own, which every transaction of an import checks.
ALTER TABLE import_lease ADD COLUMN token BIGINT NOT NULL DEFAULT 0;
