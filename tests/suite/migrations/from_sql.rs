//! The registry of migrations, and CALL tenancy.migrate().

use super::{ADD_DUE, fails_in, fleet, has_due, lacking, register};
use std::time::Duration;
use tenancy_tests::database::Database;
use tokio_postgres::error::SqlState;

#[tokio::test]
async fn the_same_migration_is_registered_once_and_another_text_is_refused() {
    let database = Database::new();
    let tenants = fleet(&database, 1).await;
    register(&tenants, "001", ADD_DUE).await;
    register(&tenants, "001", ADD_DUE).await;
    assert_eq!(tenants.admin.text("SELECT count(*) FROM tenancy.migrations").await, "1");
    let other = "SELECT tenancy.register_migration('001', 'SELECT 1')";
    let refused = tenants.admin.refused(other).await;
    assert_eq!(refused.code(), &SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE);
    assert_eq!(refused.detail(), Some("Its text is another."));
}

#[tokio::test]
async fn scripts_that_cannot_be_applied_are_not_registered() {
    let database = Database::new();
    let tenants = fleet(&database, 1).await;
    for (script, code) in [
        ("SELECT 1; COMMIT", "22023"),
        ("SELEC 1", "42601"),
        ("CREATE INDEX CONCURRENTLY i ON note (id); SELECT 1", "22023"),
        ("CREATE INDEX CONCURRENTLY ON note (id)", "22023"),
        ("SELECT 1; VACUUM note", "0A000"),
        ("CLUSTER", "0A000"),
        ("REINDEX TABLE CONCURRENTLY note", "0A000"),
        ("REINDEX SCHEMA public", "0A000"),
        ("ALTER TABLE note DETACH PARTITION part CONCURRENTLY", "0A000"),
        ("ALTER SYSTEM SET jit = off", "0A000"),
        ("CREATE DATABASE other", "0A000"),
        ("CREATE TABLESPACE away LOCATION ''/x''", "0A000"),
        ("COPY note FROM STDIN", "0A000"),
        ("COPY (SELECT 1) TO STDOUT", "0A000"),
        ("\\set x 1\nSELECT 1", "42601"),
    ] {
        let call = format!("SELECT tenancy.register_migration('001', '{script}')");
        let refused = tenants.admin.refused(&call).await;
        assert_eq!(refused.code().code(), code, "{script}");
        assert!(refused.hint().is_some() || script == "SELEC 1", "{script}");
    }
    for script in [
        "ANALYZE note",
        "REINDEX TABLE note",
        "SELECT $$\n\\x$$",
        "ALTER TABLE note CLUSTER ON note_pkey",
    ] {
        let call = format!("SELECT tenancy.register_migration('fit', $script${script}$script$)");
        tenants.admin.run(&format!("BEGIN; {call}; ROLLBACK")).await;
    }
    let unknown = "SELECT tenancy.register_migration('001', 'SELECT 1', 'no such template')";
    assert_eq!(tenants.admin.refusal(unknown).await, SqlState::UNDEFINED_OBJECT);
    assert!(tenants.admin.rows("SELECT name FROM tenancy.migrations").await.is_empty());
}

#[tokio::test]
async fn the_fleet_is_migrated_in_order_and_new_tenants_are_born_migrated() {
    let database = Database::new();
    let tenants = fleet(&database, 3).await;
    register(&tenants, "002_first", ADD_DUE).await;
    register(&tenants, "001_second", "UPDATE note SET due = '2030-01-01'").await;
    tenants.admin.run("CALL tenancy.migrate()").await;
    assert!(lacking(&tenants).await.is_empty());
    tenants.add("t04").await;
    assert!(lacking(&tenants).await.is_empty());
    let done = "SELECT DISTINCT done FROM tenancy.tenant_migrations";
    assert_eq!(tenants.admin.rows(done).await, [[Some("001_second".to_owned())]]);
    let member = tenants.enter("t01").await;
    assert_eq!(member.text("SELECT due FROM note").await, "2030-01-01");
    assert!(has_due(&database, &tenants, "t04").await);
    assert!(tenants.admin.notices().contains(&"3 tenants migrated, 0 failed".to_owned()));
}

#[tokio::test]
async fn a_schema_that_is_a_template_is_migrated_with_its_tenants() {
    let database = Database::new();
    let superuser = database.superuser().await;
    superuser.run("CREATE SCHEMA shop; CREATE TABLE shop.note (id int PRIMARY KEY)").await;
    superuser.run("SELECT tenancy.register_template('shop', schema => 'shop')").await;
    superuser.run("SELECT tenancy.create('old', 'shop')").await;
    let script = "ALTER TABLE note ADD due date; CREATE INDEX note_due ON note (due)";
    superuser.run(&format!("SELECT tenancy.register_migration('001', '{script}')")).await;
    let concurrent = "CREATE /* concurrently */ INDEX CONCURRENTLY again ON note (due)";
    superuser.run(&format!("SELECT tenancy.register_migration('002', '{concurrent}')")).await;
    superuser.run("CALL tenancy.migrate(upto => '001')").await;
    superuser.run("SELECT tenancy.migrate_template('shop')").await;
    superuser.run("SELECT tenancy.create('new', 'shop')").await;
    assert_eq!(
        superuser.rows("SELECT tenant, migration FROM tenancy.lacking_migrations()").await,
        [[Some("old".to_owned()), Some("002".to_owned())]]
    );
    let differences = "SELECT object FROM tenancy.differences('new')";
    assert!(superuser.rows(differences).await.is_empty());
    let refused = superuser.refused("SELECT tenancy.migrate_tenant('old')").await;
    assert_eq!(refused.code(), &SqlState::FEATURE_NOT_SUPPORTED);
}

#[tokio::test]
async fn an_administrator_does_not_migrate_a_schema_of_somebody_else() {
    let database = Database::new();
    let superuser = database.superuser().await;
    superuser.run("CREATE SCHEMA shop; CREATE TABLE shop.note (id int PRIMARY KEY)").await;
    superuser.run("SELECT tenancy.register_template('shop', schema => 'shop')").await;
    let admin = database.admin().await;
    admin.run("SELECT tenancy.register_migration('001', 'DROP TABLE note')").await;
    let code = admin.refusal("SELECT tenancy.migrate_template('shop')").await;
    assert_eq!(code, SqlState::INSUFFICIENT_PRIVILEGE);
    superuser.run("TABLE shop.note").await;
}

#[tokio::test]
async fn a_tenant_that_fails_is_clean_and_marked_and_the_call_goes_on_where_it_stopped() {
    let database = Database::new();
    let tenants = fleet(&database, 4).await;
    register(&tenants, "001", &fails_in("t03")).await;
    let refused = tenants.admin.refused("CALL tenancy.migrate()").await;
    assert_eq!(refused.message(), "stopped after 1 failures; 2 of 4 tenants are migrated");
    assert_eq!(lacking(&tenants).await, ["t03", "t04"]);
    assert!(has_due(&database, &tenants, "t02").await);
    assert!(!has_due(&database, &tenants, "t03").await);
    let failed = "SELECT tenant, migration, sqlstate, detail FROM tenancy.tenant_migrations WHERE state = 'failed'";
    let place = "Statement 2 of migration \"001\" in tenant \"t03\", line 2: SELECT 1 / (body <> 't03')::int FROM note";
    let expected = ["t03", "001", "22012", place].map(|text| Some(text.to_owned()));
    assert_eq!(tenants.admin.rows(failed).await, [expected]);
    tenants.admin.run("CALL tenancy.migrate(max_failures => 1)").await;
    assert_eq!(lacking(&tenants).await, ["t03"]);
    tenants.enter("t03").await.run("UPDATE note SET body = 'mended'").await;
    tenants.admin.run("CALL tenancy.migrate()").await;
    assert!(lacking(&tenants).await.is_empty());
}

#[tokio::test]
async fn two_migrators_of_one_tenant_apply_a_migration_once() {
    let database = Database::new();
    let tenants = fleet(&database, 1).await;
    register(&tenants, "001", ADD_DUE).await;
    let (one, other) = (database.admin().await, database.admin().await);
    one.run("BEGIN; SELECT tenancy.migrate_tenant('t01')").await;
    other.run("SET lock_timeout = '200ms'").await;
    let code = other.refusal("SELECT tenancy.migrate_tenant('t01')").await;
    assert_eq!(code, SqlState::LOCK_NOT_AVAILABLE);
    assert_eq!(other.refusal("SELECT tenancy.drop('t01')").await, SqlState::LOCK_NOT_AVAILABLE);
    other.run("RESET lock_timeout").await;
    let waiting =
        tokio::spawn(async move { other.text("SELECT tenancy.migrate_tenant('t01')").await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    one.run("COMMIT").await;
    assert_eq!(waiting.await.unwrap(), "0");
}

#[tokio::test]
async fn what_was_done_by_hand_is_marked_and_not_applied_again() {
    let database = Database::new();
    let tenants = fleet(&database, 2).await;
    register(&tenants, "001", ADD_DUE).await;
    tenants.enter_as_owner(&database, "t01").await.run(ADD_DUE).await;
    tenants.admin.run("SELECT tenancy.mark_migrated('001', tenant => 't01')").await;
    assert_eq!(lacking(&tenants).await, ["t02"]);
    tenants.admin.run("CALL tenancy.migrate()").await;
    assert!(lacking(&tenants).await.is_empty());
}

#[tokio::test]
async fn a_copy_of_a_tenant_has_the_migrations_of_the_tenant() {
    let database = Database::new();
    let tenants = fleet(&database, 2).await;
    register(&tenants, "001", ADD_DUE).await;
    tenants.admin.run("SELECT tenancy.migrate_tenant('t01')").await;
    tenants.admin.run("SELECT tenancy.clone('t01', 'copy')").await;
    assert_eq!(lacking(&tenants).await, ["t02"]);
    assert!(has_due(&database, &tenants, "copy").await);
}
