//! Dropped tenants: brought back with all that they had, or removed for good, batch after batch.

use tenancy_tests::cluster::Cluster;
use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;
use tokio_postgres::error::SqlState;

#[tokio::test]
async fn a_tenant_that_is_brought_back_is_as_it_was_once_it_is_resumed() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    tenants.admin.run("SELECT tenancy.drop('acme')").await;
    assert_eq!(tenants.admin.text("SELECT name FROM tenancy.dropped_tenants").await, "acme");
    let restored = "SELECT hostname || ' ' || restored FROM tenancy.undrop('acme')";
    assert_eq!(tenants.admin.text(restored).await, "acme.example.com true");
    assert_eq!(tenants.column("acme", "status").await, "suspended");
    let newcomer = tenants.application.connect().await;
    let refusal = newcomer.refusal("SELECT tenancy.enter('acme')").await;
    assert_eq!(refusal, SqlState::CANNOT_CONNECT_NOW);
    tenants.admin.run("SELECT tenancy.resume('acme')").await;
    assert_eq!(tenants.enter("acme").await.text("SELECT body FROM note").await, "acme");
    let failing = "SELECT count(*) FROM tenancy.verify('acme') WHERE NOT ok";
    assert_eq!(tenants.admin.text(failing).await, "0");
}

#[tokio::test]
async fn a_name_and_a_hostname_that_others_took_meanwhile_stay_theirs() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    tenants.admin.run("SELECT tenancy.add_domain('acme', 'shop.example.com')").await;
    tenants.admin.run("SELECT tenancy.drop('acme')").await;
    tenants.add("acme").await;
    let taken = tenants.admin.refusal("SELECT tenancy.undrop('acme')").await;
    assert_eq!(taken, SqlState::DUPLICATE_OBJECT);
    let restored = "SELECT string_agg(hostname || ' ' || restored, ', ' ORDER BY hostname)
        FROM tenancy.undrop('acme', new_name => 'acme-old')";
    let seen = tenants.admin.text(restored).await;
    assert_eq!(seen, "acme.example.com false, shop.example.com true");
    let domains = "SELECT string_agg(hostname || ' ' || tenant || ' ' || is_primary, ', ' ORDER BY hostname) FROM tenancy.domains";
    assert_eq!(
        tenants.admin.text(domains).await,
        "acme.example.com acme true, shop.example.com acme-old true"
    );
}

#[tokio::test]
async fn a_tenant_is_purged_once_it_was_kept_for_long_enough() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let role = tenants.column("acme", "role").await;
    let code = tenants.admin.refusal("CALL tenancy.purge('acme')").await;
    assert_eq!(code, SqlState::INVALID_CATALOG_NAME, "it is not dropped");
    tenants.admin.run("SELECT tenancy.drop('acme')").await;
    let early = tenants.admin.refused("CALL tenancy.purge('acme')").await;
    assert_eq!(*early.code(), SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE);
    assert!(early.detail().is_some_and(|d| d.contains("tenancy.retention")), "{early:?}");
    database.superuser_sql(
        "UPDATE tenancy.tenant SET dropped_at = now() - interval '31 days' WHERE name = 'acme'",
    );
    tenants.admin.run("CALL tenancy.purge('acme')").await;
    let left = database.superuser_sql(&format!(
        "SELECT count(*) FROM pg_namespace WHERE nspname = '{role}' UNION ALL
         SELECT count(*) FROM pg_roles WHERE rolname ^@ '{role}' UNION ALL
         SELECT count(*) FROM tenancy.domain WHERE hostname = 'acme.example.com'"
    ));
    assert_eq!(left, "0\n0\n0\n");
    assert_eq!(tenants.enter("globex").await.text("SELECT body FROM note").await, "globex");
    let again = tenants.admin.refusal("CALL tenancy.purge('acme')").await;
    assert_eq!(again, SqlState::INVALID_CATALOG_NAME);
    tenants.add("acme").await;
}

#[tokio::test]
async fn which_of_several_dropped_tenants_of_one_name_is_meant_must_be_said() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    tenants.admin.run("SELECT tenancy.drop('acme')").await;
    tenants.add("acme").await;
    tenants.admin.run("SELECT tenancy.drop('acme')").await;
    for call in ["CALL tenancy.purge('acme', force => true)", "SELECT tenancy.undrop('acme')"] {
        let error = tenants.admin.refused(call).await;
        assert_eq!(*error.code(), SqlState::INVALID_PARAMETER_VALUE);
        assert!(error.detail().is_some_and(|d| d.contains("1, 2")), "{error:?}");
    }
    tenants.admin.run("CALL tenancy.purge('acme', force => true, id => 1)").await;
    tenants.admin.run("SELECT tenancy.undrop('acme')").await;
}

#[tokio::test]
async fn a_purge_does_not_take_along_what_lies_outside_of_the_tenant() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &[]).await;
    tenants.admin.run("SELECT tenancy.create('acme', 'notes', schema => 'acme')").await;
    database.superuser_sql("CREATE VIEW public.report AS SELECT count(*) FROM acme.note");
    tenants.admin.run("SELECT tenancy.drop('acme')").await;
    let error = tenants.admin.refused("CALL tenancy.purge('acme', force => true)").await;
    assert_eq!(*error.code(), SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE);
    assert!(error.detail().is_some_and(|d| d.contains("view public.report")), "{error:?}");
    // Nothing is lost yet.
    tenants.admin.run("SELECT tenancy.undrop('acme'); SELECT tenancy.drop('acme')").await;
    database.superuser_sql("DROP VIEW public.report");
    tenants.admin.run("CALL tenancy.purge('acme', force => true)").await;
}

#[tokio::test]
async fn a_purge_that_was_begun_goes_on_and_is_not_taken_back() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    tenants.admin.run("SELECT tenancy.drop('acme')").await;
    tenants.admin.run("SELECT tenancy.purge_start('acme', true, NULL)").await;
    let id =
        tenants.admin.text("SELECT id FROM tenancy.dropped_tenants WHERE status = 'purging'").await;
    let batch = format!("SELECT tenancy.purge_batch({id})");
    assert_eq!(tenants.admin.text(&batch).await, "removed 1 views");
    let back = tenants.admin.refusal("SELECT tenancy.undrop('acme')").await;
    assert_eq!(back, SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE);
    let other = database.admin().await;
    tenants.admin.run(&format!("BEGIN; {batch}")).await;
    let meanwhile = other.refusal(&batch).await;
    assert_eq!(meanwhile, SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE);
    tenants.admin.run("ROLLBACK").await;
    // Without force: the decision was made when it began.
    other.run("CALL tenancy.purge('acme')").await;
    assert!(other.rows("SELECT FROM tenancy.dropped_tenants").await.is_empty());
}

#[tokio::test]
async fn a_tenant_with_more_tables_than_the_server_has_locks_is_purged_all_the_same() {
    let settings = [("max_locks_per_transaction", "28"), ("max_connections", "60")];
    let cluster = Cluster::start(&settings);
    let database = Database::on(&cluster);
    let admin = database.admin().await;
    admin.run("SELECT tenancy.create('acme', schema => 'acme')").await;
    let psql = database.superuser().await;
    psql.run("CREATE TABLE acme.t0 (id serial PRIMARY KEY, v text UNIQUE)").await;
    for part in 0..9 {
        let tables = format!(
            "DO $$ BEGIN FOR i IN {}..{} LOOP
               EXECUTE format('CREATE TABLE acme.t%s (id serial PRIMARY KEY, v text UNIQUE, r int REFERENCES acme.t%s)', i, i - 1);
             END LOOP; END $$",
            part * 50 + 1,
            part * 50 + 50
        );
        psql.run(&tables).await;
    }
    psql.run("CREATE VIEW acme.v AS SELECT * FROM acme.t1; SELECT tenancy.drop('acme')").await;
    let at_once = psql.refused("DROP SCHEMA acme CASCADE").await;
    assert_eq!(
        *at_once.code(),
        SqlState::OUT_OF_MEMORY,
        "the server has too many locks for this test"
    );
    // An error is told before its transaction has let go of its locks.
    psql.run("SELECT 1").await;
    admin.run("CALL tenancy.purge('acme', force => true)").await;
    assert_eq!(psql.text("SELECT count(*) FROM pg_namespace WHERE nspname = 'acme'").await, "0");
}
