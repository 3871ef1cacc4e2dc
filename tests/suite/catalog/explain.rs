//! EXPLAIN of a query on a catalog would tell of the rows that are hidden: the estimates come from
//! samples of everybody's, and ANALYZE counts what the filter removes.

use super::Neighbours;
use tenancy_tests::database::Database;
use tenancy_tests::session::Session;
use tokio_postgres::error::SqlState;

const REFUSED: &[&str] = &[
    "EXPLAIN SELECT FROM pg_class WHERE relname < 'm'",
    "EXPLAIN ANALYZE SELECT FROM pg_class WHERE relname = 'note'",
    "EXPLAIN (ANALYZE, FORMAT json) SELECT FROM pg_roles WHERE rolname = 'globex'",
    "EXPLAIN SELECT FROM information_schema.tables",
    "EXPLAIN SELECT FROM pg_locks",
    "EXPLAIN SELECT 1 WHERE EXISTS (SELECT FROM pg_namespace)",
    "EXPLAIN WITH w AS (SELECT FROM pg_attribute) SELECT FROM w",
    "EXPLAIN CREATE TEMP TABLE made AS SELECT relname FROM pg_class",
    "EXPLAIN DECLARE c CURSOR FOR SELECT FROM pg_class",
    "EXPLAIN EXECUTE p",
    "EXPLAIN ANALYZE CREATE TEMP TABLE made AS EXECUTE p",
    "DO $$ DECLARE r record; BEGIN FOR r IN EXPLAIN SELECT FROM pg_class LOOP NULL; END LOOP; END $$",
    "EXPLAIN ANALYZE INSERT INTO ruled VALUES (explains())",
    "EXPLAIN SELECT FROM seen",
];

/// A function that explains and fails, and a rule that adds a query on a catalog.
const MADE: &str = "
    PREPARE p AS SELECT relname FROM pg_class; EXECUTE p;
    CREATE FUNCTION explains() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
      BEGIN EXECUTE 'EXPLAIN SELECT FROM pg_class'; EXCEPTION WHEN OTHERS THEN NULL; END;
      RETURN 1; END $$;
    CREATE FUNCTION reads() RETURNS bigint LANGUAGE plpgsql AS
      'BEGIN RETURN (SELECT count(*) FROM pg_class); END';
    CREATE TEMP VIEW seen AS SELECT relname FROM pg_class;
    CREATE TEMP TABLE ruled (i int); CREATE TEMP TABLE noted (i int);
    CREATE RULE r AS ON INSERT TO ruled DO ALSO INSERT INTO noted SELECT count(*) FROM pg_class";

async fn owner(database: &Database<'_>) -> Session {
    let owner = Neighbours::meet(database).await.owner;
    owner.run(MADE).await;
    owner
}

#[tokio::test]
async fn a_query_on_a_catalog_is_not_explained() {
    let database = Database::new();
    let owner = owner(&database).await;
    for sql in REFUSED {
        assert_eq!(owner.refusal(sql).await, SqlState::INSUFFICIENT_PRIVILEGE, "{sql}");
    }
}

#[tokio::test]
async fn everything_else_is_explained_and_the_same_queries_run() {
    let database = Database::new();
    let owner = owner(&database).await;
    for sql in [
        "PREPARE q AS SELECT FROM ruled; EXPLAIN EXECUTE q",
        "EXPLAIN ANALYZE SELECT reads(), explains()",
        "EXPLAIN SELECT FROM ruled JOIN generate_series(1, 3) g ON g = i",
        "EXPLAIN SELECT FROM ruled; SELECT FROM pg_class",
        "DO $$ BEGIN BEGIN EXPLAIN SELECT FROM pg_class; EXCEPTION WHEN OTHERS THEN NULL; END;
           PERFORM FROM pg_class; END $$",
        "EXECUTE p",
        "INSERT INTO ruled VALUES (explains())",
    ] {
        owner.run(sql).await;
    }
}
