//! Every way in which a query can be put to the server: the catalogs look the same through all.

use super::{NEIGHBOUR, Neighbours};
use tenancy_tests::database::Database;

/// What to run first, and a query that names the schemas that it sees.
const WAYS: &[(&str, &str, &str)] = &[
    ("a plain query", "", "SELECT nspname FROM pg_namespace"),
    ("a view", "CREATE TEMP VIEW way AS SELECT nspname FROM pg_namespace", "SELECT * FROM way"),
    ("a table", "CREATE TEMP TABLE way AS SELECT nspname FROM pg_namespace", "SELECT * FROM way"),
    (
        "a cursor",
        "BEGIN; DECLARE way CURSOR FOR SELECT nspname FROM pg_namespace",
        "FETCH ALL FROM way",
    ),
    ("a prepared statement", "PREPARE way AS SELECT nspname FROM pg_namespace", "EXECUTE way"),
    (
        "a function that returns a set and would be inlined",
        "CREATE FUNCTION pg_temp.way() RETURNS SETOF pg_namespace LANGUAGE sql STABLE AS 'SELECT * FROM pg_namespace'",
        "SELECT nspname FROM pg_temp.way()",
    ),
    (
        "a function with a body of the SQL standard",
        "CREATE FUNCTION pg_temp.way() RETURNS SETOF name LANGUAGE sql STABLE BEGIN ATOMIC SELECT nspname FROM pg_namespace; END",
        "SELECT * FROM pg_temp.way()",
    ),
    (
        "a scalar function",
        "CREATE FUNCTION pg_temp.way() RETURNS text LANGUAGE sql AS 'SELECT string_agg(nspname, '','') FROM pg_namespace'",
        "SELECT pg_temp.way()",
    ),
    (
        "a loop in PL/pgSQL",
        "CREATE FUNCTION pg_temp.way() RETURNS SETOF text LANGUAGE plpgsql AS \
         $$ DECLARE r record; BEGIN FOR r IN SELECT nspname FROM pg_namespace LOOP RETURN NEXT r.nspname; END LOOP; END $$",
        "SELECT * FROM pg_temp.way()",
    ),
    (
        "a statement that PL/pgSQL puts together",
        "CREATE FUNCTION pg_temp.way() RETURNS SETOF name LANGUAGE plpgsql AS \
         $$ BEGIN RETURN QUERY EXECUTE 'SELECT nspname FROM pg_' || 'namespace'; END $$",
        "SELECT * FROM pg_temp.way()",
    ),
    (
        "a subquery in the target list",
        "",
        "SELECT (SELECT string_agg(nspname, ',') FROM pg_namespace)",
    ),
    (
        "a common table expression",
        "",
        "WITH way AS MATERIALIZED (SELECT nspname FROM pg_namespace) TABLE way",
    ),
    (
        "a recursive one",
        "",
        "WITH RECURSIVE way AS (SELECT nspname, 1 AS n FROM pg_namespace UNION SELECT nspname, n + 1 FROM way WHERE n < 3) TABLE way",
    ),
    ("a union", "", "SELECT nspname FROM pg_namespace UNION ALL SELECT nspname FROM pg_namespace"),
    (
        "the inner side of an outer join",
        "",
        "SELECT n.nspname FROM (VALUES (1)) v (x) LEFT JOIN pg_namespace n ON true",
    ),
    (
        "a lateral subquery",
        "",
        "SELECT l.nspname FROM (VALUES (1)) v (x), LATERAL (SELECT nspname FROM pg_namespace WHERE x = 1) l",
    ),
    (
        "RETURNING",
        "CREATE TEMP TABLE way (x int)",
        "INSERT INTO way VALUES (1) RETURNING (SELECT string_agg(nspname, ',') FROM pg_namespace)",
    ),
    (
        "MERGE",
        "CREATE TEMP TABLE way (x text); MERGE INTO way USING pg_namespace ON x = nspname WHEN NOT MATCHED THEN INSERT VALUES (nspname)",
        "TABLE way",
    ),
    ("XML", "", "SELECT query_to_xml('SELECT nspname FROM pg_namespace', true, true, '')"),
    (
        "a minimum and a maximum",
        "",
        "SELECT (SELECT min(nspname) FROM pg_namespace WHERE oid > 16384), (SELECT max(nspname) FROM pg_namespace WHERE oid > 16384)",
    ),
    ("the information schema", "", "SELECT DISTINCT table_schema FROM information_schema.tables"),
    ("a row as a whole", "", "SELECT n FROM pg_namespace n"),
    (
        "an outer reference",
        "",
        "SELECT n.nspname, EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid) FROM pg_namespace n",
    ),
];

#[tokio::test]
async fn every_way_to_query_a_catalog_shows_the_tenants_own_only() {
    let database = Database::new();
    let neighbours = Neighbours::meet(&database).await;
    for (name, setup, query) in WAYS {
        for session in neighbours.both() {
            session.run(setup).await;
            let found = format!("{:?}", session.rows(query).await);
            assert!(!found.contains(NEIGHBOUR), "{name}: {found}");
            assert!(found.contains("acme"), "{name}: {found}");
            session.run("COMMIT; DROP FUNCTION IF EXISTS pg_temp.way(); DROP VIEW IF EXISTS pg_temp.note; DEALLOCATE ALL").await;
            let _ = session.batch_execute("DROP TABLE pg_temp.way").await;
            let _ = session.batch_execute("DROP VIEW pg_temp.way").await;
        }
    }
}

#[tokio::test]
async fn a_materialized_view_a_rule_and_a_trigger_show_the_tenants_own_only() {
    let database = Database::new();
    let Neighbours { owner, .. } = &Neighbours::meet(&database).await;
    owner
        .run(
            "CREATE MATERIALIZED VIEW seen AS SELECT nspname FROM pg_namespace; REFRESH MATERIALIZED VIEW seen;
             CREATE TABLE log (line text); CREATE TABLE source (x int);
             CREATE RULE note AS ON INSERT TO source DO ALSO INSERT INTO log SELECT nspname FROM pg_namespace;
             CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
               $$ BEGIN INSERT INTO log SELECT nspname FROM pg_namespace; RETURN NEW; END $$;
             CREATE TRIGGER note AFTER INSERT ON source FOR EACH ROW EXECUTE FUNCTION note();
             INSERT INTO source VALUES (1)",
        )
        .await;
    for query in ["TABLE seen", "TABLE log"] {
        let found = format!("{:?}", owner.rows(query).await);
        assert!(found.contains("acme") && !found.contains(NEIGHBOUR), "{query}: {found}");
    }
}

#[tokio::test]
async fn a_parallel_worker_that_plans_a_query_sees_what_its_leader_sees() {
    let database = Database::new();
    let Neighbours { owner, .. } = &Neighbours::meet(&database).await;
    owner
        .run(
            "CREATE FUNCTION way() RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE AS
               $$ BEGIN RETURN (SELECT string_agg(nspname, ',') FROM pg_namespace); END $$",
        )
        .await;
    let version: i32 = owner.text("SHOW server_version_num").await.parse().unwrap();
    let setting = if version < 160_000 { "force_parallel_mode" } else { "debug_parallel_query" };
    owner.run(&format!("SET {setting} = on")).await;
    let plan = format!("{:?}", owner.rows("EXPLAIN ANALYZE SELECT way()").await);
    assert!(plan.contains("Workers Launched: 1"), "{plan}");
    let found = owner.text("SELECT way()").await;
    assert!(found.contains("acme") && !found.contains(NEIGHBOUR), "{found}");
    let scanned = owner.text("SELECT string_agg(nspname, ',') FROM pg_namespace").await;
    assert!(scanned.contains("acme") && !scanned.contains(NEIGHBOUR), "{scanned}");
}

#[tokio::test]
async fn locking_rows_of_a_catalog_is_refused_and_the_session_survives() {
    let database = Database::new();
    let neighbours = Neighbours::meet(&database).await;
    for session in neighbours.both() {
        for clause in ["FOR UPDATE", "FOR NO KEY UPDATE", "FOR SHARE", "FOR KEY SHARE"] {
            let sql = format!(
                "SELECT * FROM pg_class LEFT JOIN pg_namespace n ON n.oid = relnamespace {clause} OF pg_class"
            );
            assert_eq!(session.refusal(&sql).await.code(), "42501", "{clause}");
        }
        assert_eq!(session.text("SELECT 1").await, "1");
    }
}
