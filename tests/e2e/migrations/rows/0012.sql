INSERT INTO peculiar_product VALUES ('Kite', 'ab');
