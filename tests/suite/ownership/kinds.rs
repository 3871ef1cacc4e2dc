//! Kinds of objects that can be made in a schema, and how a member of the tenant uses each.

/// Who can make them, besides a superuser.
#[derive(Clone, Copy, PartialEq)]
pub enum Needs {
    /// Whoever may create in the schema.
    Create,
    /// The owner of what they are built upon.
    Ownership,
    /// Nobody.
    Superuser,
}

/// One or more objects of a kind.
pub struct Made {
    /// How they are made; `?` stands for the schema.
    pub sql: &'static str,
    /// What a member can do with them.
    pub used_by: &'static str,
    /// Whether they take more than the right to create in the schema.
    pub needs: Needs,
}

const fn made(sql: &'static str, used_by: &'static str) -> Made {
    Made { sql, used_by, needs: Needs::Create }
}

const fn made_on(sql: &'static str, used_by: &'static str) -> Made {
    Made { sql, used_by, needs: Needs::Ownership }
}

const fn made_by_superuser(sql: &'static str, used_by: &'static str) -> Made {
    Made { sql, used_by, needs: Needs::Superuser }
}

/// All of them. Later ones use earlier ones.
pub const MADE: &[Made] = &[
    made(
        "CREATE TABLE ?.plain (i int, t text)",
        "INSERT INTO plain VALUES (1, 'x'); UPDATE plain SET i = 2; DELETE FROM plain",
    ),
    made(
        "CREATE TABLE ?.numbered (a serial PRIMARY KEY, b int GENERATED ALWAYS AS IDENTITY, t text)",
        "INSERT INTO numbered (t) VALUES ('x'); SELECT currval('numbered_a_seq'), lastval()",
    ),
    made(
        "CREATE TABLE ?.copied AS SELECT 1 AS i, 'x'::text AS t",
        "INSERT INTO copied VALUES (2, 'y')",
    ),
    made("SELECT 1 AS i INTO ?.into_table", "INSERT INTO into_table VALUES (2)"),
    made(
        "CREATE TABLE ?.\"we\"\"ird; -- 'name'\" (\"i d\" serial)",
        "INSERT INTO \"we\"\"ird; -- 'name'\" DEFAULT VALUES",
    ),
    made_on(
        "CREATE TABLE ?.fk (i int REFERENCES ?.numbered)",
        "INSERT INTO fk SELECT a FROM numbered",
    ),
    made("CREATE VIEW ?.seen AS SELECT 1 AS i", "SELECT * FROM seen"),
    made("CREATE MATERIALIZED VIEW ?.kept AS SELECT 1 AS i", "SELECT * FROM kept"),
    made(
        "CREATE SEQUENCE ?.counted",
        "SELECT nextval('counted'), setval('counted', 7), last_value FROM counted",
    ),
    made(
        "CREATE FUNCTION ?.called(i int, OUT o text) LANGUAGE sql AS 'SELECT i::text'",
        "SELECT called(1)",
    ),
    made(
        "CREATE FUNCTION ?.rows() RETURNS SETOF int LANGUAGE sql AS 'SELECT 1'",
        "SELECT * FROM rows()",
    ),
    made("CREATE PROCEDURE ?.done(i int) LANGUAGE plpgsql AS 'BEGIN NULL; END'", "CALL done(1)"),
    made(
        "CREATE AGGREGATE ?.summed(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0')",
        "SELECT summed(1)",
    ),
    made("CREATE TYPE ?.mood AS ENUM ('good', 'bad')", "SELECT 'good'::mood"),
    made("CREATE TYPE ?.pair AS (a int, b text)", "SELECT (1, 'x')::pair"),
    made("CREATE TYPE ?.span AS RANGE (SUBTYPE = int)", "SELECT span(1, 2)"),
    made("CREATE DOMAIN ?.positive AS int CHECK (VALUE > 0)", "SELECT 1::positive"),
    made_on("CREATE STATISTICS ?.correlated ON i, t FROM ?.plain", "SELECT * FROM plain"),
    made(
        "CREATE OPERATOR ?.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq)",
        "SELECT 1 === 1",
    ),
    made_by_superuser(
        "CREATE OPERATOR CLASS ?.ordered FOR TYPE int USING btree AS OPERATOR 3 =, FUNCTION 1 btint4cmp(int, int)",
        "SELECT 1",
    ),
    made(
        "CREATE COLLATION ?.bytes (provider = libc, locale = 'C')",
        "SELECT 'a' < 'b' COLLATE bytes",
    ),
    made("CREATE CONVERSION ?.converted FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1", "SELECT 1"),
    made(
        "CREATE TEXT SEARCH DICTIONARY ?.words (TEMPLATE = simple)",
        "SELECT ts_lexize('words', 'x')",
    ),
    made(
        "CREATE TEXT SEARCH CONFIGURATION ?.searched (COPY = simple)",
        "SELECT to_tsvector('searched', 'x')",
    ),
    made_on(
        "CREATE TRIGGER nothing BEFORE UPDATE ON ?.into_table FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "UPDATE into_table SET i = i",
    ),
];
