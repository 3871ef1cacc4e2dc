//! Functions that return the server's state as rows: of the session's own process, or nothing.

use super::Neighbours;
use tenancy_tests::database::Database;

/// Views and functions with a column `pid`, all of whose rows have to be the session's own.
const OWN_PROCESS: &[&str] = &[
    "pg_stat_activity",
    "pg_locks",
    "pg_stat_ssl",
    "pg_stat_gssapi",
    "pg_stat_get_activity(NULL)",
    "pg_lock_status()",
    "ROWS FROM (generate_series(1, 9), pg_stat_get_activity(NULL))",
    "pg_stat_progress_copy",
    "pg_stat_progress_vacuum",
];

const EMPTY: &[&str] = &[
    "pg_prepared_xacts",
    "pg_replication_slots",
    "pg_stat_replication",
    "pg_stat_subscription",
    "pg_stat_slru",
    "pg_stat_wal_receiver",
    "pg_stat_get_backend_idset()",
    "pg_publication_tables",
    "pg_event_trigger",
];

#[tokio::test]
async fn a_tenant_sees_no_process_but_its_own() {
    let database = Database::new();
    let neighbours = Neighbours::meet(&database).await;
    let other = neighbours.tenants.enter("globex").await;
    other.run("BEGIN; LOCK TABLE globex_table IN ROW EXCLUSIVE MODE").await;
    for session in neighbours.both() {
        let pid = session.text("SELECT pg_backend_pid()").await;
        for source in OWN_PROCESS {
            for row in session.rows(&format!("SELECT pid FROM {source} x")).await {
                assert_eq!(row[0].as_ref(), Some(&pid), "{source}");
            }
        }
        assert_eq!(session.text("SELECT count(*) FROM pg_stat_activity").await, "1");
        assert_ne!(session.text("SELECT count(*) FROM pg_locks").await, "0");
    }
}

#[tokio::test]
async fn what_concerns_the_whole_server_is_empty() {
    let database = Database::new();
    let neighbours = Neighbours::meet(&database).await;
    for session in neighbours.both() {
        for source in EMPTY {
            let sql = format!("SELECT count(*) FROM {source}");
            assert_eq!(session.text(&sql).await, "0", "{source}");
        }
    }
}

#[tokio::test]
async fn of_prepared_statements_only_those_of_sql_are_listed() {
    let database = Database::new();
    let Neighbours { member, .. } = &Neighbours::meet(&database).await;
    let _kept = member.prepare("SELECT 1").await.unwrap();
    member.run("PREPARE own AS SELECT 2").await;
    assert_eq!(
        member.text("SELECT string_agg(name, ',') FROM pg_prepared_statements").await,
        "own"
    );
}

#[tokio::test]
async fn of_roles_and_databases_a_tenant_sees_its_own() {
    let database = Database::new();
    let neighbours = Neighbours::meet(&database).await;
    let role = neighbours.tenants.column("acme", "role").await;
    let right = format!("{role},{role}_owner,tenancy_tenant");
    for session in neighbours.both() {
        let roles =
            "SELECT string_agg(rolname, ',' ORDER BY rolname) FROM pg_roles WHERE oid >= 16384";
        assert_eq!(session.text(roles).await, right);
        assert_eq!(
            session.text("SELECT string_agg(datname, ',') FROM pg_database").await,
            database.name()
        );
    }
}
