//! DISCARD ALL and its like inside a tenant: they do what poolers and drivers send them for, and
//! the session stays where it is.

use super::{tenants, wire};
use tenancy_tests::database::Database;
use tenancy_tests::wire::{Reply, Request};

const MESS: &str = "CREATE TEMP TABLE heap (i int); SET work_mem = '7MB'; LISTEN heap;
                    PREPARE heap AS SELECT 1; SELECT pg_advisory_lock(7), nextval('note_id_seq');
                    DECLARE heap CURSOR WITH HOLD FOR SELECT 1";

/// Finds what the mess left, kind by kind.
const LOOKS: [&str; 7] = [
    "SELECT to_regclass('pg_temp.heap') IS NULL",
    "SELECT current_setting('work_mem') <> '7MB'",
    "SELECT NOT EXISTS (SELECT FROM pg_listening_channels())",
    "SELECT NOT EXISTS (SELECT FROM pg_prepared_statements)",
    "SELECT NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())",
    "SELECT lastval() IS NULL",
    "SELECT NOT EXISTS (SELECT FROM pg_cursors WHERE name <> '')",
];

#[tokio::test]
async fn discard_all_cleans_the_session_and_stays_in_the_tenant() {
    let database = Database::new();
    let tenants = tenants(&database).await;
    let mut wire = wire(&tenants, "acme").await;
    for statement in MESS.split(';') {
        wire.query(statement).await.unwrap();
    }
    let replies = wire.ask(Request::new().query("DISCARD ALL")).await;
    assert!(replies.contains(&Reply::Complete("DISCARD ALL".to_owned())), "{replies:?}");
    for look in LOOKS {
        let clean = match wire.query(look).await {
            Ok(rows) => rows.concat() == [Some("t".to_owned())],
            Err(error) => error.code == "55000",
        };
        assert!(clean, "{look}");
    }
    let rows = wire.query("SELECT body FROM note UNION SELECT tenancy.current()").await.unwrap();
    assert_eq!(rows.concat(), [Some("acme".to_owned())]);
}

#[tokio::test]
async fn discard_all_keeps_what_the_protocol_prepared() {
    let database = Database::new();
    let tenants = tenants(&database).await;
    let mut wire = wire(&tenants, "acme").await;
    wire.ask(Request::new().parse("s0", "SELECT body FROM note").sync()).await;
    wire.query("DISCARD ALL").await.unwrap();
    let replies = wire.ask(Request::new().bind("s0", &[]).execute().sync()).await;
    assert!(replies.contains(&Reply::Row(vec![Some("acme".to_owned())])), "{replies:?}");
}

#[tokio::test]
async fn discard_all_runs_in_no_transaction_block_as_ever() {
    let database = Database::new();
    let tenants = tenants(&database).await;
    let mut wire = wire(&tenants, "acme").await;
    for attempt in
        ["BEGIN; DISCARD ALL", "SELECT 1; DISCARD ALL", "DO $$ BEGIN EXECUTE 'DISCARD ALL'; END $$"]
    {
        assert_eq!(wire.query(attempt).await.unwrap_err().code, "25001", "{attempt}");
        wire.query("ROLLBACK").await.unwrap();
    }
}

#[tokio::test]
async fn resets_of_one_kind_run_and_stay_in_the_tenant() {
    let database = Database::new();
    let tenants = tenants(&database).await;
    let mut wire = wire(&tenants, "acme").await;
    for statement in [
        "DISCARD PLANS",
        "DISCARD SEQUENCES",
        "DISCARD TEMP",
        "DISCARD TEMPORARY",
        "RESET ALL",
        "DEALLOCATE ALL",
        "UNLISTEN *",
        "CLOSE ALL",
    ] {
        wire.query("CREATE TEMP TABLE IF NOT EXISTS heap (i int)").await.unwrap();
        wire.query(statement).await.unwrap_or_else(|error| panic!("{statement}: {error:?}"));
        let rows =
            wire.query("SELECT body FROM note UNION SELECT tenancy.current()").await.unwrap();
        assert_eq!(rows.concat(), [Some("acme".to_owned())], "{statement}");
    }
}
