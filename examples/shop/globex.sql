-- What has happened at Globex so far.
INSERT INTO customer (name, email) VALUES ('Hank Scorpio', 'hank@globex.example');
SELECT place_order('HANK@globex.example', 'MUG', 100);
