CREATE TYPE MARK_enum AS ENUM ('MARK_label');
CREATE DOMAIN MARK_domain AS integer CONSTRAINT MARK_check CHECK (VALUE > 0);
CREATE TYPE MARK_pair AS (MARK_x integer, MARK_y integer);
CREATE TYPE MARK_range AS RANGE (subtype = float8);
CREATE COLLATION MARK_collation FROM "C";
CREATE TABLE MARK_table (
  MARK_id integer GENERATED ALWAYS AS IDENTITY CONSTRAINT MARK_key PRIMARY KEY,
  MARK_text text DEFAULT 'MARK_default' COLLATE MARK_collation,
  MARK_parent integer CONSTRAINT MARK_reference REFERENCES MARK_table,
  MARK_mood MARK_enum
);
INSERT INTO MARK_table (MARK_text) SELECT 'MARK_value' FROM generate_series(1, 100);
CREATE INDEX MARK_index ON MARK_table (MARK_text);
CREATE TABLE MARK_parts (MARK_id integer) PARTITION BY RANGE (MARK_id);
CREATE TABLE MARK_part PARTITION OF MARK_parts FOR VALUES FROM (1) TO (9);
CREATE VIEW MARK_view AS SELECT MARK_id, 'MARK_constant' AS MARK_word FROM MARK_table;
CREATE MATERIALIZED VIEW MARK_matview AS SELECT count(*) AS MARK_count FROM MARK_table;
CREATE SEQUENCE MARK_sequence;
CREATE FUNCTION MARK_function(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 /* MARK_body */';
CREATE FUNCTION MARK_trigger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE FUNCTION MARK_pair_text(MARK_pair) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ''MARK''';
CREATE CAST (MARK_pair AS text) WITH FUNCTION MARK_pair_text(MARK_pair);
CREATE AGGREGATE MARK_aggregate(integer) (sfunc = int4pl, stype = integer);
CREATE FUNCTION MARK_same(MARK_pair, MARK_pair) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE OPERATOR === (leftarg = MARK_pair, rightarg = MARK_pair, function = MARK_same);
CREATE TRIGGER MARK_trigger BEFORE INSERT ON MARK_table FOR EACH ROW EXECUTE FUNCTION MARK_trigger();
CREATE RULE MARK_rule AS ON DELETE TO MARK_view DO INSTEAD NOTHING;
ALTER TABLE MARK_table ENABLE ROW LEVEL SECURITY;
CREATE POLICY MARK_policy ON MARK_table USING (true);
CREATE STATISTICS MARK_statistics ON MARK_id, MARK_parent FROM MARK_table;
CREATE TEXT SEARCH DICTIONARY MARK_dictionary (template = simple);
CREATE TEXT SEARCH CONFIGURATION MARK_configuration (parser = "default");
ALTER TEXT SEARCH CONFIGURATION MARK_configuration ADD MAPPING FOR word WITH MARK_dictionary;
COMMENT ON TABLE MARK_table IS 'MARK_comment';
COMMENT ON COLUMN MARK_table.MARK_id IS 'MARK_comment_on_column';
COMMENT ON CONSTRAINT MARK_key ON MARK_table IS 'MARK_comment_on_constraint';
COMMENT ON POLICY MARK_policy ON MARK_table IS 'MARK_comment_on_policy';
COMMENT ON FUNCTION MARK_function(integer) IS 'MARK_comment_on_function';
COMMENT ON COLLATION MARK_collation IS 'MARK_comment_on_collation';
INSERT INTO MARK_part SELECT 1 + n % 8 FROM generate_series(1, 100) n;
ANALYZE MARK_part;
ANALYZE MARK_table;
