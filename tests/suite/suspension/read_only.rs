//! A tenant suspended to reading: it reads, and no statement of it writes.

use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;
use tokio_postgres::error::SqlState;

/// Every way to write, and every way to ask for a transaction that may.
const WRITES: [&str; 16] = [
    "INSERT INTO note (body) VALUES ('late')",
    "UPDATE note SET body = 'late'",
    "DELETE FROM note",
    "WITH w AS (DELETE FROM note RETURNING 1) SELECT * FROM w",
    "SELECT nextval('note_id_seq')",
    "SELECT * FROM note FOR UPDATE",
    "BEGIN READ WRITE; DELETE FROM note",
    "BEGIN; SET TRANSACTION READ WRITE; DELETE FROM note",
    "BEGIN; SELECT 1; SET TRANSACTION READ WRITE; DELETE FROM note",
    "SET transaction_read_only = off; DELETE FROM note",
    "SET default_transaction_read_only = off; DELETE FROM note",
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE; DELETE FROM note",
    "SELECT set_config('transaction_read_only', 'off', true); DELETE FROM note",
    "DO $$ BEGIN DELETE FROM note; END $$",
    "DO $$ BEGIN PERFORM set_config('transaction_read_only', 'off', true); DELETE FROM note; END $$",
    "BEGIN; SAVEPOINT a; ROLLBACK TO a; DELETE FROM note",
];

#[tokio::test]
async fn a_tenant_suspended_to_reading_reads_and_does_not_write() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let open = tenants.enter("acme").await;
    tenants.admin.run("SELECT tenancy.suspend('acme', 'read_only', reason => 'unpaid')").await;
    for session in [open, tenants.enter("acme").await] {
        for write in WRITES {
            let refused = session.refused(write).await;
            let code = refused.code();
            // SET TRANSACTION READ WRITE itself may be what is refused.
            let refusals =
                [&SqlState::READ_ONLY_SQL_TRANSACTION, &SqlState::ACTIVE_SQL_TRANSACTION];
            assert!(refusals.contains(&code), "{write}: {refused:?}");
            let _ = session.batch_execute("ROLLBACK").await;
            let read = "SELECT string_agg(body, ',') FROM note";
            assert_eq!(session.text(read).await, "acme", "{write}");
        }
        session.run("BEGIN; SELECT body FROM note; COMMIT").await;
    }
    tenants.enter("globex").await.run("DELETE FROM note").await;
}

#[tokio::test]
async fn a_plain_write_is_refused_as_in_any_read_only_transaction() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    tenants.admin.run("SELECT tenancy.suspend('acme', 'read_only')").await;
    let session = tenants.enter("acme").await;
    for write in WRITES.iter().take(5) {
        let code = session.refusal(write).await;
        assert_eq!(code, SqlState::READ_ONLY_SQL_TRANSACTION, "{write}");
    }
    let local = tenants.application.connect().await;
    let write = "SELECT tenancy.enter_local('acme'); DELETE FROM note";
    assert_eq!(local.refusal(write).await, SqlState::READ_ONLY_SQL_TRANSACTION);
    // It is the tenant that may not write, not the login.
    local.run("CREATE TEMP TABLE own (i int); INSERT INTO own VALUES (1)").await;
}

#[tokio::test]
async fn a_tenant_goes_from_reading_to_nothing_and_back_to_work() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let session = tenants.enter("acme").await;
    for (change, reads, writes) in [
        ("suspend('acme', 'read_only')", true, false),
        ("suspend('acme', 'full')", false, false),
        ("suspend('acme', 'read_only')", true, false),
        ("resume('acme')", true, true),
        ("suspend('acme')", false, false),
        ("resume('acme')", true, true),
    ] {
        tenants.admin.run(&format!("SELECT tenancy.{change}")).await;
        let read = session.batch_execute("SELECT body FROM note").await;
        assert_eq!(read.is_ok(), reads, "read after {change}");
        let write = session.batch_execute("UPDATE note SET body = body").await;
        assert_eq!(write.is_ok(), writes, "write after {change}");
    }
}

#[tokio::test]
async fn the_owner_does_not_write_either() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let owner = tenants.enter_as_owner(&database, "acme").await;
    tenants.admin.run("SELECT tenancy.suspend('acme', 'read_only')").await;
    for write in ["CREATE TABLE late (i int)", "DROP TABLE note", "TRUNCATE note"] {
        let code = owner.refusal(write).await;
        assert_eq!(code, SqlState::READ_ONLY_SQL_TRANSACTION, "{write}");
    }
}
