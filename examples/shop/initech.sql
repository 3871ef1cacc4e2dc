-- What has happened at Initech so far.
INSERT INTO customer (name, email) VALUES ('Milton Waddams', 'milton@initech.example'), ('Bill Lumbergh', 'bill@initech.example');
SELECT place_order('milton@initech.example', 'STAPLER', 1);
SELECT place_order('bill@initech.example', 'MUG', 1);
UPDATE orders SET status = 'paid' WHERE id = 2;
