//! Names of objects where no query turns them into text: PL/pgSQL's casts, parameters, defaults,
//! constraints, error texts, definitions, statistics.

use tenancy_tests::cluster::Cluster;
use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;

/// `{o}` is the OID of another tenant's table, `{n}` of its schema, `{r}` of its role.
const ROADS: &[&str] = &[
    "CREATE FUNCTION pg_temp.f(r regclass) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN r; END';
     SELECT pg_temp.f({o})",
    "CREATE FUNCTION pg_temp.f(r regnamespace) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN r; END';
     SELECT pg_temp.f({n})",
    "PREPARE p(text) AS SELECT $1; EXECUTE p({r}::oid::regrole)",
    "CREATE TEMP TABLE t (a int, t text DEFAULT {o}::oid::regclass::text);
     INSERT INTO t VALUES (1); SELECT t FROM t",
    "CREATE TEMP TABLE t (r regclass); INSERT INTO t VALUES ({o}), ({o}); ANALYZE t;
     SELECT most_common_vals FROM pg_stats WHERE tablename = 't'",
    "EXPLAIN (VERBOSE) SELECT {o}::oid::regclass",
    "CREATE TEMP VIEW v AS SELECT {o}::oid::regclass AS r; SELECT pg_get_viewdef('v'::regclass)",
    "CREATE TEMP TABLE t (r regclass CHECK (r IS NULL)); INSERT INTO t VALUES ({o})",
    "CREATE FUNCTION pg_temp.f(t text DEFAULT {o}::oid::regclass::text) RETURNS text
       LANGUAGE plpgsql PARALLEL SAFE AS 'BEGIN RETURN t; END'; SELECT pg_temp.f()",
    "CREATE DOMAIN pg_temp.d AS regclass CHECK (('x' || VALUE::text)::int = 0);
     SELECT o::pg_temp.d FROM (VALUES ({o}::oid)) AS v (o)",
];

/// Makes PostgreSQL compile every expression, where it has the library for it.
const COMPILE: &str = "SET jit = on; SET jit_above_cost = 0";

const LITERALS: &[&str] = &[
    "SELECT '{s}'::regnamespace::oid",
    "SELECT '{{s}}'::regnamespace[]",
    "SELECT '{r}'::regrole::oid",
    "SELECT o FROM json_to_record('{\"o\": \"{r}\"}') AS x (o regrole)",
    "DROP DOMAIN IF EXISTS pg_temp.d; CREATE DOMAIN pg_temp.d AS text CHECK (VALUE::regrole IS NOT NULL);
     SELECT r::pg_temp.d FROM (VALUES ('{r}')) AS v (r)",
];

#[tokio::test]
async fn no_road_past_the_queries_tells_a_name() {
    assert_no_road_tells_a_name("SET jit = off").await;
}

#[tokio::test]
async fn no_compiled_expression_tells_a_name() {
    assert_no_road_tells_a_name(COMPILE).await;
}

#[tokio::test]
async fn no_parallel_worker_tells_a_name() {
    let setting = Cluster::shared().superuser_sql(
        "postgres",
        "SELECT name FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query')",
    );
    assert_no_road_tells_a_name(&format!("SET {} = on", setting.trim())).await;
}

/// In sessions that have run some statements.
async fn assert_no_road_tells_a_name(prepared_by: &str) {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let schema = tenants.column("globex", "schema").await;
    let role = tenants.column("globex", "role").await;
    let oid = |sql: String| database.superuser_sql(&sql).trim().to_owned();
    let table = oid(format!("SELECT '{schema}.note'::regclass::oid"));
    let namespace = oid(format!("SELECT '{schema}'::regnamespace::oid"));
    let owner = oid(format!("SELECT '{role}'::regrole::oid"));
    for road in ROADS {
        let session = tenants.enter("acme").await;
        session.run(prepared_by).await;
        let sql = road.replace("{o}", &table).replace("{n}", &namespace).replace("{r}", &owner);
        let seen = match session.simple_query(&sql).await {
            Ok(messages) => format!("{messages:?}"),
            Err(error) => format!("{error:?}"),
        };
        assert!(!seen.contains(&schema) && !seen.contains(&role), "{sql}: {seen}");
    }
}

#[tokio::test]
async fn a_literal_of_a_hidden_name_is_refused_as_one_of_nothing() {
    assert_no_literal_tells_a_name("SET jit = off").await;
}

#[tokio::test]
async fn a_compiled_literal_of_a_hidden_name_is_refused_as_one_of_nothing() {
    assert_no_literal_tells_a_name(COMPILE).await;
}

async fn assert_no_literal_tells_a_name(prepared_by: &str) {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let schema = tenants.column("globex", "schema").await;
    let role = tenants.column("globex", "role").await;
    let session = tenants.enter("acme").await;
    session.run(prepared_by).await;
    let turned = |name: &str| format!("t_{}", name[2..].chars().rev().collect::<String>());
    for literal in LITERALS {
        let said = |schema: &str, role: &str| literal.replace("{s}", schema).replace("{r}", role);
        let hidden = session.refused(&said(&schema, &role)).await;
        let absent = session.refused(&said(&turned(&schema), &turned(&role))).await;
        assert_eq!(hidden.code(), absent.code(), "{literal}");
        let plain = |text: &str, name: &str| text.replace(name, "?");
        assert_eq!(
            plain(&plain(hidden.message(), &schema), &role),
            plain(&plain(absent.message(), &turned(&schema)), &turned(&role)),
            "{literal}"
        );
    }
}

#[tokio::test]
async fn a_twin_called_by_name_takes_no_other_type_for_an_oid() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let session = tenants.enter("acme").await;
    for call in [
        "to_tsvector('{\"a\": \"b\"}'::json)",
        "to_tsvector('{\"a\": \"b\"}'::jsonb)",
        "json_to_tsvector('{}'::json, '\"all\"'::jsonb)",
        "ts_headline('{}'::json, 'a'::tsquery)",
    ] {
        session.run(&format!("SELECT tenancy_checked.{call}")).await;
    }
}
