-- What has happened at Acme so far.
INSERT INTO customer (name, email) VALUES ('Wile E. Coyote', 'Wile@Desert.example');
SELECT place_order('wile@desert.example', 'ANVIL', 2), place_order('wile@desert.example', 'ROCKET', 1);
UPDATE orders SET status = 'paid' WHERE id = 1;
