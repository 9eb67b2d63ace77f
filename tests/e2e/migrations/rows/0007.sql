-- In the order of bytes these are otherwise than in that of words.
INSERT INTO progress VALUES ('Zebra', 1), ('apple', 2), ('éclair', 3);
