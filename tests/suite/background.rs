//! What works for tenants in the background goes on under `tenancy.guard = strict`: maintenance,
//! the apply workers of logical replication, jobs of pg_cron. (Autovacuum is with
//! the setting itself.)

use std::time::Duration;

use tenancy_tests::cluster::Cluster;
use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;

/// Waits until a query of the superuser answers this; panics after `seconds`.
async fn until(database: &Database<'_>, sql: &str, answer: &str, seconds: u32) {
    for _ in 0..seconds * 5 {
        if database.superuser_sql(sql).trim() == answer {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("{sql} does not become {answer}:\n{}", database.cluster().log());
}

#[tokio::test]
async fn maintenance_passes_under_strict() {
    let cluster = Cluster::start(&[("tenancy.guard", "strict")]);
    let database = Database::on(&cluster);
    let tenants = Tenants::create(&database, &["acme"]).await;
    let schema = tenants.column("acme", "schema").await;
    let member = tenants.enter("acme").await;
    member.run("INSERT INTO note (body) SELECT 'x' FROM generate_series(1, 1000)").await;
    // The workers of VACUUM want two indexes.
    database.superuser_sql(&format!("CREATE INDEX ON {schema}.note (body)"));
    database.superuser_sql("ALTER SYSTEM SET min_parallel_index_scan_size = 0");
    database.superuser_sql("SELECT pg_reload_conf()");
    database.superuser_sql(&format!("VACUUM (ANALYZE, PARALLEL 2) {schema}.note"));
    database.superuser_sql(&format!("REINDEX TABLE CONCURRENTLY {schema}.note"));
    assert_eq!(member.text("SELECT count(*) FROM note").await, "1001");
}

#[tokio::test]
async fn logical_replication_into_a_tenant_goes_on_under_strict() {
    let cluster = Cluster::start(&[("tenancy.guard", "strict"), ("wal_level", "logical")]);
    let (from, to) = (Database::on(&cluster), Database::on(&cluster));
    let create = "SELECT tenancy.register_template('notes', 'CREATE TABLE note (id int PRIMARY KEY, body text)');
                  SELECT tenancy.create('acme', 'notes', schema => 'acme')";
    from.superuser_sql(create);
    to.superuser_sql(create);
    from.superuser_sql("INSERT INTO acme.note VALUES (1, 'before')");
    from.superuser_sql("CREATE PUBLICATION moving FOR TABLES IN SCHEMA acme");
    from.superuser_sql("SELECT pg_create_logical_replication_slot('moving', 'pgoutput')");
    // A subscription cannot make its own slot on the server that it runs on.
    to.superuser_sql(&format!(
        "CREATE SUBSCRIPTION moving CONNECTION 'host={} port={} user=postgres dbname={}'
         PUBLICATION moving WITH (create_slot = false, slot_name = 'moving')",
        cluster.socket().display(),
        cluster.port(),
        from.name()
    ));
    until(&to, "SELECT count(*) FROM acme.note", "1", 30).await;
    from.superuser_sql(
        "INSERT INTO acme.note VALUES (2, 'while'); UPDATE acme.note SET body = 'after'",
    );
    until(&to, "SELECT string_agg(body, ',') FROM acme.note", "after,after", 30).await;
    to.superuser_sql("DROP SUBSCRIPTION moving");
}

#[tokio::test]
#[ignore = "pg_cron starts jobs once a minute; scripts/neighbours.sh runs it"]
async fn jobs_of_pg_cron_pass_under_strict() {
    let cluster = Cluster::start(&[
        ("tenancy.guard", "strict"),
        ("shared_preload_libraries", "tenancy, pg_cron"),
        ("cron.use_background_workers", "on"),
    ]);
    cluster.superuser_sql("postgres", "CREATE EXTENSION tenancy");
    cluster.superuser_sql("postgres", "CREATE EXTENSION pg_cron");
    let create = "SELECT tenancy.register_template('notes', 'CREATE TABLE note (body text)');
                  SELECT tenancy.create('acme', 'notes', schema => 'acme')";
    cluster.superuser_sql("postgres", create);
    let job = "SELECT cron.schedule('* * * * *', $$INSERT INTO acme.note VALUES ('job')$$)";
    cluster.superuser_sql("postgres", job);
    for _ in 0..90 {
        if cluster.superuser_sql("postgres", "SELECT count(*) FROM acme.note").trim() != "0" {
            return;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    panic!("the job has not run:\n{}", cluster.log());
}
