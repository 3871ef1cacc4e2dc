-- One schema with every kind of object that a schema can hold, each referring to others of it.
CREATE SCHEMA everything;
COMMENT ON SCHEMA everything IS 'a template';
SET search_path = everything;

CREATE COLLATION folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE COLLATION bytewise FROM "C";
CREATE TYPE mood AS ENUM ('sad', 'it''s ok', 'happy');
ALTER TYPE mood ADD VALUE 'meh' BEFORE 'happy';
CREATE TYPE address AS (street text COLLATE folded, zip varchar(10), moods mood[]);
COMMENT ON COLUMN address.street IS 'with number';
CREATE DOMAIN positive AS integer DEFAULT 1 NOT NULL CONSTRAINT above_zero CHECK (VALUE > 0);
CREATE DOMAIN small AS positive CHECK (VALUE < 100);
ALTER DOMAIN small ADD CONSTRAINT not_seven CHECK (VALUE <> 7) NOT VALID;
COMMENT ON CONSTRAINT above_zero ON DOMAIN positive IS 'strictly';
REVOKE USAGE ON TYPE mood FROM PUBLIC;
CREATE TYPE shell;

CREATE SEQUENCE ticket START 100 INCREMENT 5 MAXVALUE 10000 CACHE 3 CYCLE;
CREATE SEQUENCE backwards AS smallint INCREMENT -1;
SELECT nextval('ticket'), setval('backwards', -9, false);

CREATE FUNCTION plain(t text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 7 AS $$ SELECT lower(t) $$;
CREATE FUNCTION parsed(t text) RETURNS int LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT length(plain(t)); END;
CREATE FUNCTION is_fine(m mood) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN m::text <> 'sad'; END $$;
CREATE FUNCTION with_settings() RETURNS text LANGUAGE plpgsql SET search_path = everything, pg_temp SET work_mem = '8MB'
  AS $$ BEGIN RETURN 'T-' || nextval('ticket'); END $$;
CREATE FUNCTION overloaded(a int) RETURNS int LANGUAGE sql AS 'SELECT a';
CREATE FUNCTION overloaded(a text, b text DEFAULT 'x\y', VARIADIC c int[] DEFAULT '{}') RETURNS text LANGUAGE sql AS $$ SELECT a || b $$;
CREATE FUNCTION several(OUT a text, INOUT b address) LANGUAGE sql AS $$ SELECT 'happy', b $$;
CREATE FUNCTION rows(m mood DEFAULT 'happy') RETURNS TABLE (x int, y mood) LANGUAGE sql ROWS 7 AS $$ SELECT 1, m $$;
CREATE PROCEDURE proceed(IN a int, INOUT b text DEFAULT 'q') LANGUAGE plpgsql AS $$ BEGIN b := b || a; END $$;
CREATE FUNCTION "Odd ""Name"""("P 1" int) RETURNS int LANGUAGE sql LEAKPROOF AS 'SELECT "P 1"';
CREATE FUNCTION ordinal() RETURNS bigint LANGUAGE internal WINDOW IMMUTABLE STRICT AS 'window_row_number';
COMMENT ON FUNCTION overloaded(int) IS 'of a number';
COMMENT ON PROCEDURE proceed IS 'a procedure';
CREATE FUNCTION join_two(a text, b text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT concat_ws(',', a, b) $$;
CREATE AGGREGATE joined(text) (SFUNC = join_two, STYPE = text, INITCOND = '', PARALLEL = SAFE);
CREATE AGGREGATE middle(float8 ORDER BY anyelement) (SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA);
CREATE AGGREGATE moving(int) (SFUNC = int4pl, STYPE = int4, MSFUNC = int4pl, MINVFUNC = int4mi, MSTYPE = int4, INITCOND = '0', MINITCOND = '0');
COMMENT ON AGGREGATE joined(text) IS 'a list';

CREATE TYPE own_int;
CREATE FUNCTION own_in(cstring) RETURNS own_int LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
CREATE FUNCTION own_out(own_int) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';
CREATE TYPE own_int (INPUT = own_in, OUTPUT = own_out, LIKE = int4, CATEGORY = 'N', DEFAULT = '7', DELIMITER = ';');
CREATE FUNCTION own_lt(own_int, own_int) RETURNS bool LANGUAGE internal IMMUTABLE STRICT AS 'int4lt';
CREATE FUNCTION own_le(own_int, own_int) RETURNS bool LANGUAGE internal IMMUTABLE STRICT AS 'int4le';
CREATE FUNCTION own_eq(own_int, own_int) RETURNS bool LANGUAGE internal IMMUTABLE STRICT AS 'int4eq';
CREATE FUNCTION own_ge(own_int, own_int) RETURNS bool LANGUAGE internal IMMUTABLE STRICT AS 'int4ge';
CREATE FUNCTION own_gt(own_int, own_int) RETURNS bool LANGUAGE internal IMMUTABLE STRICT AS 'int4gt';
CREATE FUNCTION own_cmp(own_int, own_int) RETURNS int LANGUAGE internal IMMUTABLE STRICT AS 'btint4cmp';
CREATE OPERATOR < (LEFTARG = own_int, RIGHTARG = own_int, FUNCTION = own_lt, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel);
CREATE OPERATOR <= (LEFTARG = own_int, RIGHTARG = own_int, FUNCTION = own_le, COMMUTATOR = >=, NEGATOR = >);
CREATE OPERATOR = (LEFTARG = own_int, RIGHTARG = own_int, FUNCTION = own_eq, COMMUTATOR = =, RESTRICT = eqsel, JOIN = eqjoinsel, MERGES);
CREATE OPERATOR >= (LEFTARG = own_int, RIGHTARG = own_int, FUNCTION = own_ge, COMMUTATOR = <=, NEGATOR = <);
CREATE OPERATOR > (LEFTARG = own_int, RIGHTARG = own_int, FUNCTION = own_gt, COMMUTATOR = <, NEGATOR = <=);
CREATE OPERATOR !~! (RIGHTARG = text, FUNCTION = plain);
CREATE OPERATOR FAMILY loose USING btree;
ALTER OPERATOR FAMILY loose USING btree ADD OPERATOR 1 < (own_int, own_int), FUNCTION 1 (own_int, own_int) own_cmp(own_int, own_int);
CREATE OPERATOR CLASS own_ops DEFAULT FOR TYPE own_int USING btree AS
  OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 own_cmp(own_int, own_int);
CREATE CAST (own_int AS int4) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE FUNCTION mood_number(mood) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT 1 $$;
CREATE CAST (mood AS int4) WITH FUNCTION mood_number(mood);
COMMENT ON CAST (mood AS int4) IS 'a cast';
CREATE CONVERSION to_utf8 FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
CREATE FUNCTION distance(x inet, y inet) RETURNS float8 LANGUAGE sql IMMUTABLE STRICT AS 'SELECT (x - y)::float8';
CREATE TYPE inets AS RANGE (subtype = inet, subtype_diff = distance, multirange_type_name = many_inets);
CREATE TYPE texts AS RANGE (subtype = text, collation = bytewise);

CREATE TEXT SEARCH PARSER words (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype);
CREATE TEXT SEARCH TEMPLATE simply (INIT = dsimple_init, LEXIZE = dsimple_lexize);
CREATE TEXT SEARCH DICTIONARY stops (TEMPLATE = simply, STOPWORDS = 'english', ACCEPT = 'false');
CREATE TEXT SEARCH CONFIGURATION own_english (PARSER = words);
ALTER TEXT SEARCH CONFIGURATION own_english ADD MAPPING FOR asciiword, word WITH stops, english_stem;

CREATE TABLE account (
  id bigint GENERATED ALWAYS AS IDENTITY (START 100 INCREMENT 10) PRIMARY KEY,
  code text NOT NULL DEFAULT with_settings(),
  name text COLLATE folded NOT NULL,
  slug text GENERATED ALWAYS AS (plain(name COLLATE "C")) STORED,
  feeling mood NOT NULL DEFAULT 'happy',
  home address, homes address[], count integer, size small DEFAULT 2, span inets, spans many_inets,
  parent_id bigint REFERENCES account ON DELETE SET NULL,
  "Quoted Column" varchar(12) DEFAULT 'it''s; --x\y',
  own own_int DEFAULT '3',
  created timestamptz(3) DEFAULT now(),
  CONSTRAINT one_code UNIQUE (code) INCLUDE (name) WITH (fillfactor = 80) DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT fine CHECK (is_fine(feeling)),
  CONSTRAINT not_handed_down CHECK (id > 0) NO INHERIT
) WITH (fillfactor = 70, toast.autovacuum_vacuum_threshold = 77);
ALTER TABLE account ADD CONSTRAINT short CHECK (length(name) < 100) NOT VALID;
ALTER TABLE account ALTER COLUMN code SET STORAGE EXTERNAL, ALTER COLUMN name SET STATISTICS 333, ALTER COLUMN code SET (n_distinct = -0.5), ALTER COLUMN "Quoted Column" SET COMPRESSION pglz;
ALTER TABLE account ADD COLUMN gone int;
ALTER TABLE account DROP COLUMN gone;
COMMENT ON TABLE account IS 'people; see everything.account';
COMMENT ON COLUMN account.name IS 'name''s';
COMMENT ON CONSTRAINT fine ON account IS 'a check';
CREATE INDEX account_words ON account ((parsed(code)), (lower(code)) DESC NULLS LAST) WHERE is_fine(feeling);
CREATE UNIQUE INDEX account_count ON account (count) INCLUDE (code) NULLS NOT DISTINCT WHERE count IS NOT NULL;
CREATE INDEX account_own ON account (own own_ops);
CREATE INDEX "Odd Index" ON account (name COLLATE bytewise text_pattern_ops);
ALTER INDEX account_words ALTER COLUMN 1 SET STATISTICS 555;
COMMENT ON INDEX account_words IS 'an index';
ALTER TABLE account CLUSTER ON account_own;
CREATE STATISTICS account_names (ndistinct, mcv) ON name, feeling FROM account;
CREATE STATISTICS account_slugs ON (plain(code)) FROM account;
ALTER STATISTICS account_names SET STATISTICS 99;

CREATE TABLE "Order" (id serial, account bigint NOT NULL, region text, total numeric(12,2), PRIMARY KEY (id, region));
ALTER TABLE "Order" ADD CONSTRAINT of_account FOREIGN KEY (account) REFERENCES account ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE "Order" REPLICA IDENTITY FULL;
CREATE TABLE line (order_id int, region text, n smallint, span int4range, PRIMARY KEY (order_id, region, n), EXCLUDE USING gist (span WITH &&) WHERE (n > 1));
ALTER TABLE line ADD FOREIGN KEY (order_id, region) REFERENCES "Order" MATCH FULL ON UPDATE CASCADE NOT VALID;
CREATE UNIQUE INDEX line_identity ON line (order_id, n, region);
ALTER TABLE line REPLICA IDENTITY USING INDEX line_identity;
CREATE TABLE ring_a (id int PRIMARY KEY, b int);
CREATE TABLE ring_b (id int PRIMARY KEY, a int REFERENCES ring_a DEFERRABLE);
ALTER TABLE ring_a ADD FOREIGN KEY (b) REFERENCES ring_b DEFERRABLE INITIALLY IMMEDIATE;
CREATE UNLOGGED TABLE cached (k text PRIMARY KEY, v jsonb);
CREATE TABLE holds_rows (id int PRIMARY KEY, one account, many account[]);
CREATE TABLE typed OF address (zip WITH OPTIONS DEFAULT '0' NOT NULL, CHECK (zip <> ''));
CREATE TABLE without_columns ();
CREATE TABLE shares_sequence (id bigint DEFAULT nextval('ticket'));
CREATE SEQUENCE late START 50;
CREATE TABLE owns_late (x int);
ALTER SEQUENCE late OWNED BY owns_late.x;

CREATE TABLE animal (id int PRIMARY KEY, name text DEFAULT 'x' CHECK (name <> ''), feeling mood);
CREATE TABLE dog (bark int, name text DEFAULT 'dog') INHERITS (animal);
CREATE TABLE pet (owner text);
CREATE TABLE pet_dog () INHERITS (dog, pet);
ALTER TABLE pet_dog ALTER COLUMN owner SET DEFAULT 'nobody', ADD CONSTRAINT barks CHECK (bark > 0);

CREATE TABLE event (id bigint NOT NULL, region text NOT NULL, at date NOT NULL, payload jsonb, PRIMARY KEY (id, region, at)) PARTITION BY LIST (region);
CREATE INDEX event_at ON event (at DESC);
CREATE TABLE event_eu PARTITION OF event (payload DEFAULT '{}', CONSTRAINT eu CHECK (id > 0)) FOR VALUES IN ('eu', 'uk') PARTITION BY RANGE (at);
CREATE TABLE event_eu_old PARTITION OF event_eu FOR VALUES FROM (MINVALUE) TO ('2024-01-01') WITH (fillfactor = 60);
CREATE TABLE event_eu_new PARTITION OF event_eu FOR VALUES FROM ('2024-01-01') TO (MAXVALUE) PARTITION BY HASH (id);
CREATE TABLE event_eu_new_0 PARTITION OF event_eu_new FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE event_eu_new_1 PARTITION OF event_eu_new FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE event_other (payload jsonb, at date NOT NULL, id bigint NOT NULL, region text NOT NULL);
CREATE INDEX event_other_payload ON event_other USING gin (payload);
ALTER TABLE event ATTACH PARTITION event_other DEFAULT;
ALTER TABLE event ADD CONSTRAINT event_account FOREIGN KEY (id) REFERENCES account (id);
CREATE TABLE by_expression (id int, t text) PARTITION BY RANGE ((plain(t)) COLLATE "C" text_pattern_ops);
CREATE TABLE by_expression_1 PARTITION OF by_expression FOR VALUES FROM ('a') TO ('m');

CREATE VIEW people WITH (security_barrier = true) AS SELECT id, name, feeling, plain(code) AS code FROM account WHERE is_fine(feeling) WITH LOCAL CHECK OPTION;
CREATE VIEW people_orders WITH (security_invoker = on) AS SELECT p.*, o.total FROM people p LEFT JOIN "Order" o ON o.account = p.id;
CREATE RECURSIVE VIEW tree (id, depth) AS SELECT id, 0 FROM account WHERE parent_id IS NULL UNION ALL SELECT a.id, depth + 1 FROM account a JOIN tree t ON a.parent_id = t.id;
CREATE VIEW by_key AS SELECT a.id, a.name, count(o.id) FROM account a LEFT JOIN "Order" o ON o.account = a.id GROUP BY a.id;
CREATE VIEW events_by_key AS SELECT e.* FROM event e GROUP BY e.id, e.region, e.at;
CREATE VIEW by_name AS SELECT 'account'::regclass AS r, 'mood'::regtype AS t, 'plain'::regproc AS p, to_tsvector('own_english', 'a') AS v;
ALTER VIEW people ALTER COLUMN name SET DEFAULT 'anybody';
COMMENT ON COLUMN people.code IS 'lower';
CREATE MATERIALIZED VIEW counted WITH (fillfactor = 90) AS SELECT feeling, count(*) AS n FROM people GROUP BY feeling;
CREATE UNIQUE INDEX counted_feeling ON counted (feeling);
CREATE MATERIALIZED VIEW summed AS SELECT sum(n) FROM counted WITH NO DATA;
CREATE RULE no_delete AS ON DELETE TO people_orders DO INSTEAD DELETE FROM account WHERE id = old.id;
CREATE RULE logged AS ON INSERT TO owns_late WHERE new.x > 10 DO ALSO (INSERT INTO shares_sequence VALUES (new.x); DELETE FROM cached WHERE k = new.x::text);
ALTER TABLE owns_late DISABLE RULE logged;
COMMENT ON RULE logged ON owns_late IS 'a rule';

CREATE FUNCTION label(a account) RETURNS text LANGUAGE sql STABLE AS $$ SELECT a.name || a.code $$;
CREATE FUNCTION accounts() RETURNS SETOF account LANGUAGE sql STABLE BEGIN ATOMIC SELECT * FROM account; END;
CREATE FUNCTION of_view() RETURNS SETOF people LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY SELECT * FROM people; END $$;
CREATE VIEW labels AS SELECT l.id, label(l) FROM accounts() l;
CREATE TABLE in_a_circle (id int, note text);
CREATE FUNCTION of_circle(c in_a_circle) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT c.note $$;
CREATE FUNCTION next_of_circle() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT count(*)::int FROM in_a_circle; END;
ALTER TABLE in_a_circle ALTER COLUMN id SET DEFAULT next_of_circle(), ADD CHECK (of_circle(in_a_circle) <> 'x');

CREATE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN coalesce(new, old); END $$;
CREATE TRIGGER on_row BEFORE INSERT OR UPDATE OF name ON account FOR EACH ROW WHEN (new.feeling IS DISTINCT FROM 'meh'::mood) EXECUTE FUNCTION fire('it''s', 'a\b', '');
CREATE TRIGGER always AFTER UPDATE ON account FOR EACH ROW EXECUTE FUNCTION fire();
ALTER TABLE account ENABLE ALWAYS TRIGGER always;
CREATE TRIGGER disabled AFTER DELETE ON account FOR EACH STATEMENT EXECUTE FUNCTION fire();
ALTER TABLE account DISABLE TRIGGER disabled;
CREATE TRIGGER of_rows AFTER INSERT ON account REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION fire();
CREATE CONSTRAINT TRIGGER deferred AFTER INSERT ON "Order" FROM account DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fire();
CREATE TRIGGER instead INSTEAD OF INSERT ON labels FOR EACH ROW EXECUTE FUNCTION fire();
CREATE TRIGGER of_partitions AFTER INSERT ON event FOR EACH ROW EXECUTE FUNCTION fire();
ALTER TABLE event_eu_old DISABLE TRIGGER of_partitions;
COMMENT ON TRIGGER on_row ON account IS 'a trigger';

ALTER TABLE account ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY seen ON account FOR SELECT TO tenancy_tenant USING (is_fine(feeling) AND EXISTS (SELECT FROM "Order" o WHERE o.account = account.id));
CREATE POLICY named ON account AS RESTRICTIVE FOR INSERT WITH CHECK (name <> '');
COMMENT ON POLICY seen ON account IS 'a policy';

-- What PostgreSQL prints in another way than it reads it.
CREATE VIEW arms AS SELECT name, NULL::int AS count, true AS known FROM account UNION SELECT 'nobody', -1, 't' WHERE EXISTS (SELECT 'a' FROM account WHERE name = (SELECT 'b'));
CREATE OPERATOR CLASS by_value FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp (int, int);
CREATE INDEX by_values ON account (count by_value);
-- Checks that were not validated, on parents whose children have them too.
ALTER TABLE animal ADD CONSTRAINT small CHECK (id < 1000) NOT VALID;
ALTER TABLE event ADD CONSTRAINT late CHECK (at > '1999-01-01') NOT VALID;
ALTER MATERIALIZED VIEW counted ALTER n SET STATISTICS 7, ALTER feeling SET (n_distinct = 3);
COMMENT ON TABLE ring_b IS 'A ring of Everything.';

CREATE PUBLICATION of_tables FOR TABLE account (id, name) WHERE (id > 10), "Order";
CREATE PUBLICATION of_schema FOR TABLES IN SCHEMA everything WITH (publish = 'insert');

INSERT INTO account (name, feeling, home, count) VALUES
  ('Ann', 'it''s ok', ROW ('1 Main \ "St"', 'z', '{happy,"it''s ok"}'), 5), (E'Bob\n\\''', 'happy', NULL, NULL), ('Cy', 'meh', NULL, 7 - 1);
UPDATE account SET parent_id = 100 WHERE id > 100;
INSERT INTO "Order" (account, region, total) SELECT 100, 'eu', n FROM generate_series(1, 1200) n;
INSERT INTO ring_a VALUES (1, NULL); INSERT INTO ring_b VALUES (1, 1); UPDATE ring_a SET b = 1;
INSERT INTO event (id, region, at, payload) VALUES (100, 'eu', '2023-05-05', '{"a": null}'), (110, 'eu', '2024-05-05', NULL), (120, 'us', '2024-05-05', '[]');
INSERT INTO holds_rows SELECT 1, a, ARRAY[a] FROM account a WHERE id = 100;
INSERT INTO pet_dog (id, name, bark) VALUES (1, 'Rex', 3);
REFRESH MATERIALIZED VIEW counted;
RESET search_path;
