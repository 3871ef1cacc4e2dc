//! Functions that never run inside a tenant, and those that run only where a query calls them.

use super::Scene;
use tenancy_tests::wire::{Reply, Request};

#[tokio::test]
async fn what_shows_the_server_is_refused_however_it_is_called() {
    let scene = Scene::new().await;
    for call in [
        "pg_current_wal_lsn()",
        "pg_current_wal_insert_lsn()",
        "pg_logical_emit_message(false, 'x', 'y')",
        "pg_export_snapshot()",
        "pg_database_size('postgres')",
        "pg_control_checkpoint()",
        "pg_notification_queue_usage()",
        "regclassout(1259)",
        "database_to_xml(true, true, '')",
        "enum_in('well', 1::oid)",
    ] {
        for statement in [
            format!("SELECT {call}"),
            format!("DO $$ BEGIN PERFORM {call}; END $$"),
            format!("SELECT 1 ORDER BY ({call})::text"),
        ] {
            assert_eq!(scene.acme.refusal(&statement).await.code(), "42501", "{statement}");
        }
    }
}

#[tokio::test]
async fn an_original_does_not_run_where_its_twin_cannot_stand_in() {
    let scene = Scene::new().await;
    let hidden = scene.oid("'globex.note_count'::regclass").await;
    scene.acme.run("PREPARE p(text) AS SELECT $1").await;
    scene.acme.run("CREATE TEMP TABLE defaults (a integer, b text)").await;
    let execute = format!("EXECUTE p(pg_get_viewdef({hidden}::oid))");
    assert_eq!(scene.acme.refusal(&execute).await.code(), "42501");
    let check =
        format!("ALTER TABLE defaults ADD CHECK (pg_get_viewdef({hidden}::oid) IS NOT NULL)");
    assert_eq!(scene.acme.refusal(&check).await.code(), "42501");
}

#[tokio::test]
async fn an_original_does_not_run_by_a_fast_path_message() {
    let scene = Scene::new().await;
    let function = scene.oid("'pg_catalog.pg_get_viewdef(oid)'::regprocedure").await;
    let lock = scene.oid("'pg_catalog.pg_advisory_lock(bigint)'::regprocedure").await;
    let hidden = scene.oid("'globex.note_count'::regclass").await;
    let mut wire = scene.wire().await;
    for (function, argument) in [(function, hidden), (lock, "5".to_owned())] {
        let call = Request::new().function_call(function.parse().unwrap(), &[Some(&argument)]);
        assert_eq!(code(&wire.ask(call).await), "42501");
    }
}

#[tokio::test]
async fn an_original_does_not_run_for_a_default_in_copy() {
    let scene = Scene::new().await;
    let hidden = scene.oid("'globex.note_count'::regclass").await;
    let mut wire = scene.wire().await;
    let table = format!(
        "CREATE TEMP TABLE filled (a integer, b text DEFAULT pg_get_viewdef({hidden}::oid))"
    );
    wire.query(&table).await.unwrap();
    let copy = Request::new().query("COPY filled (a) FROM STDIN");
    assert_eq!(code(&wire.ask(copy.raw(b'd', b"1\n").raw(b'c', b"")).await), "42501");
}

/// SQLSTATE of the error among the replies.
fn code(replies: &[Reply]) -> &str {
    let error = replies.iter().find_map(|reply| match reply {
        Reply::Error(error) => Some(error.code.as_str()),
        _ => None,
    });
    error.unwrap_or("none")
}

#[tokio::test]
async fn functions_of_rows_of_the_server_run_in_from_alone() {
    let scene = Scene::new().await;
    assert_eq!(scene.acme.refusal("SELECT pg_stat_get_activity(NULL)").await.code(), "42501");
    assert_eq!(scene.acme.refusal("SELECT (pg_lock_status()).pid").await.code(), "42501");
    assert_eq!(scene.acme.text("SELECT count(DISTINCT pid) FROM pg_locks").await, "1");
    assert_eq!(scene.acme.text("SELECT count(*) FROM pg_stat_activity").await, "1");
}

#[tokio::test]
async fn the_test_of_a_hash_partition_is_postgresqls_alone() {
    let scene = Scene::new().await;
    scene
        .superuser
        .run(
            "CREATE TABLE acme.parted (id integer) PARTITION BY HASH (id);
             CREATE TABLE acme.part PARTITION OF acme.parted FOR VALUES WITH (MODULUS 1, REMAINDER 0)",
        )
        .await;
    scene.acme.run("INSERT INTO parted VALUES (1); INSERT INTO part VALUES (2)").await;
    let call = "SELECT satisfies_hash_partition('parted'::regclass, 1, 0, 1)";
    assert_eq!(scene.acme.refusal(call).await.code(), "42501");
}

#[tokio::test]
async fn functions_of_extensions_that_reach_beyond_the_database_are_refused() {
    let scene = Scene::new().await;
    scene.superuser.run("CREATE EXTENSION dblink").await;
    let call = "SELECT * FROM dblink('dbname=postgres', 'SELECT 1') AS t(i integer)";
    assert_eq!(
        scene.acme.refused(call).await.message(),
        "function dblink() is not allowed inside a tenant"
    );
}

#[tokio::test]
async fn a_role_is_not_looked_for_by_an_access_privilege() {
    let scene = Scene::new().await;
    let there =
        scene.superuser.text("SELECT role FROM tenancy.tenants WHERE name = 'globex'").await;
    for role in [there.as_str(), "nobody_at_all", "postgres"] {
        for sql in [
            format!("SELECT '{role}=r/{role}'::aclitem"),
            format!("SELECT '{{=r/{role}}}'::aclitem[]"),
            format!("DO $$ DECLARE a aclitem; BEGIN a := '{role}=r/postgres'; END $$"),
            format!(
                "SELECT * FROM json_to_record('{{\"a\": \"{role}=r/postgres\"}}') AS x (a aclitem)"
            ),
        ] {
            let error = scene.acme.refused(&sql).await;
            assert!(!error.message().contains(role), "{sql}: {error}");
            assert_eq!(error.code().code(), "42501", "{sql}");
        }
    }
}
