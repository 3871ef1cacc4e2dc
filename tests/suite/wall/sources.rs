//! `tenancy.hide_sources()`: the text of functions, views and rules is held by privileges alone.

use super::{Neighbours, database};
use tenancy_tests::database::Database;

/// Every way to read the text of functions, views and rules. `?` stands for the other tenant's schema.
const WAYS: &[&str] = &[
    "SELECT prosrc FROM pg_proc WHERE pronamespace = '?'::regnamespace",
    "SELECT prosqlbody FROM pg_proc",
    "SELECT count(*) FROM pg_proc WHERE prosrc ~ 'secret'",
    "SELECT proname FROM pg_proc ORDER BY prosrc",
    "SELECT * FROM pg_proc",
    "SELECT p FROM pg_proc p",
    "SELECT to_jsonb(p) FROM pg_proc p",
    "TABLE pg_proc",
    "COPY pg_proc TO STDOUT",
    "COPY pg_proc (prosrc) TO STDOUT",
    "SELECT table_to_xml('pg_proc', true, true, '')",
    "SELECT query_to_xml('SELECT prosrc FROM pg_proc', true, true, '')",
    "SELECT * FROM ts_stat('SELECT to_tsvector(prosrc) FROM pg_proc')",
    "CREATE VIEW w AS SELECT prosrc FROM pg_proc; SELECT * FROM w",
    "CREATE TEMP TABLE w AS SELECT prosrc FROM pg_proc",
    "DO 'BEGIN PERFORM prosrc FROM pg_proc; END'",
    "SELECT * FROM pg_toast.pg_toast_1255",
    "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = '?'::regnamespace",
    "SELECT pg_get_function_sqlbody(oid) FROM pg_proc WHERE pronamespace = '?'::regnamespace",
    "SELECT ev_action FROM pg_rewrite",
    "SELECT ev_qual FROM pg_rewrite",
    "SELECT * FROM pg_rewrite",
    "SELECT * FROM pg_toast.pg_toast_2618",
    "SELECT pg_get_viewdef(oid) FROM pg_class WHERE relnamespace = '?'::regnamespace AND relkind IN ('v', 'm')",
    "SELECT pg_get_viewdef(oid, true) FROM pg_class WHERE relnamespace = '?'::regnamespace AND relkind = 'v'",
    "SELECT pg_get_viewdef(oid, 80) FROM pg_class WHERE relnamespace = '?'::regnamespace AND relkind = 'v'",
    "SELECT pg_get_viewdef('?.note_count')",
    "SELECT pg_get_viewdef('?.note_count', true)",
    "SELECT pg_get_ruledef(oid), pg_get_ruledef(oid, true) FROM pg_rewrite",
    "SELECT definition FROM pg_views WHERE schemaname = '?'",
    "SELECT * FROM pg_matviews WHERE schemaname = '?'",
    "SELECT * FROM pg_rules WHERE schemaname = '?'",
    "SELECT view_definition FROM information_schema.views",
    "SELECT tenancy_checked.pg_get_viewdef(oid) FROM pg_class WHERE relnamespace = '?'::regnamespace AND relkind = 'v'",
    "SELECT tenancy_checked.pg_get_ruledef(oid) FROM pg_rewrite WHERE ev_class >= 16384 AND
       ev_class IN (SELECT oid FROM pg_class WHERE relnamespace = '?'::regnamespace)",
];

/// Ways that are open, and show no text but the tenant's own.
const EMPTY: &[&str] = &[
    "SELECT routine_definition FROM information_schema.routines
     WHERE specific_schema = '?' AND routine_definition IS NOT NULL",
    "SELECT tenancy_checked.pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = '?'::regnamespace",
    "SELECT tenancy_checked.pg_get_function_sqlbody(oid) FROM pg_proc WHERE pronamespace = '?'::regnamespace",
    "SELECT most_common_vals FROM pg_stats WHERE tablename IN ('pg_proc', 'pg_rewrite')
       AND attname IN ('prosrc', 'prosqlbody', 'ev_qual', 'ev_action')",
];

/// Two tenants, each with a function of either kind.
async fn with_functions(database: &Database<'_>) -> Neighbours {
    let neighbours = Neighbours::meet(database).await;
    for schema in [&neighbours.own, &neighbours.other] {
        database.superuser_sql(&format!(
            "CREATE FUNCTION {schema}.secret() RETURNS text LANGUAGE sql AS $$SELECT 'body of {schema}'$$;
             CREATE FUNCTION {schema}.atomic() RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT 'body of {schema}'; END"
        ));
    }
    neighbours
}

#[tokio::test]
async fn hidden_sources_are_hidden_by_privileges_alone() {
    let database = database();
    let neighbours = with_functions(&database).await;
    database.superuser_sql("ANALYZE pg_proc, pg_rewrite; SELECT tenancy.hide_sources()");
    for session in [&neighbours.owner, &neighbours.member] {
        for way in WAYS {
            let sql = format!("BEGIN; {}", way.replace('?', &neighbours.other));
            assert_eq!(session.refusal(&sql).await.code(), "42501", "{way}");
            session.run("ROLLBACK").await;
        }
        for way in EMPTY {
            let rows = session.rows(&way.replace('?', &neighbours.other)).await;
            assert!(rows.iter().all(|row| row[0].is_none()), "{way}: {rows:?}");
        }
    }
}

#[tokio::test]
async fn without_it_postgresql_shows_every_text_to_everybody() {
    let database = database();
    let neighbours = with_functions(&database).await;
    database.superuser_sql("SELECT tenancy.hide_sources(); SELECT tenancy.show_sources()");
    for read in ["prosrc", "pg_get_functiondef(oid)"] {
        let other = &neighbours.other;
        let way = format!(
            "SELECT {read} FROM pg_proc WHERE proname = 'secret' AND pronamespace = '{other}'::regnamespace"
        );
        let body = neighbours.member.text(&way).await;
        assert!(body.contains(&format!("body of {other}")), "{read}: {body}");
    }
    let view = format!("SELECT definition FROM pg_views WHERE schemaname = '{}'", neighbours.other);
    assert!(neighbours.member.text(&view).await.contains("count(*)"));
}
