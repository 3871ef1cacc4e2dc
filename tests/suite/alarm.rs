//! Each refusal is counted, logged with the tenant, and told by the audit trail, whatever becomes
//! of the transaction that was refused.

use std::time::Duration;

use tenancy_tests::cluster::Cluster;
use tenancy_tests::database::Database;
use tenancy_tests::session::Session;
use tenancy_tests::tenant::Tenants;

const REFUSED: &str = "SET ROLE postgres";

/// What the audit trail tells of refusals, once it tells of that many.
async fn told(admin: &Session, count: i64) -> Vec<Vec<Option<String>>> {
    let sum = "SELECT coalesce(sum((detail ->> 'count')::bigint), 0) FROM tenancy.audit_log WHERE action = 'refused'";
    for _ in 0..100 {
        if admin.text(sum).await.parse::<i64>().unwrap() >= count {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    admin
        .rows("SELECT tenant, actor, object, detail ->> 'sqlstate', detail ->> 'count' FROM tenancy.audit_log
               WHERE action = 'refused' ORDER BY id")
        .await
}

async fn counted(admin: &Session, column: &str, tenant: &str) -> i64 {
    let count = format!(
        "SELECT coalesce((SELECT {column} FROM tenancy.stat_tenants WHERE tenant = '{tenant}'), 0)"
    );
    admin.text(&count).await.parse().unwrap()
}

#[tokio::test]
async fn a_refusal_is_counted_for_the_tenant_until_the_counters_are_reset() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let session = tenants.enter("acme").await;
    for _ in 0..3 {
        assert_eq!(session.refusal(REFUSED).await.code(), "42501");
    }
    assert_eq!(session.refusal("SELECT tenancy.leave('wrong')").await.code(), "28000");
    assert_eq!(counted(&tenants.admin, "refused", "acme").await, 4);
    assert_eq!(counted(&tenants.admin, "refused", "globex").await, 0);
    tenants.admin.run("SELECT tenancy.stat_tenants_reset()").await;
    assert_eq!(counted(&tenants.admin, "refused", "acme").await, 0);
}

#[tokio::test]
async fn what_only_would_be_refused_is_counted_apart() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let schema = tenants.column("acme", "schema").await;
    database.superuser_sql(&format!(
        "GRANT USAGE ON SCHEMA {schema} TO PUBLIC; GRANT SELECT ON {schema}.note TO PUBLIC"
    ));
    database.session(&[]).await.run(&format!("SELECT * FROM {schema}.note")).await;
    assert_eq!(counted(&tenants.admin, "reported", "acme").await, 1);
    assert_eq!(counted(&tenants.admin, "refused", "acme").await, 0);
}

#[tokio::test]
async fn the_log_names_tenant_login_and_what_was_refused_in_one_line() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    tenants.enter("acme").await.refused(REFUSED).await;
    let log = database.cluster().log();
    let login = format!("login={:?}", tenants.application.name());
    let line = log.lines().find(|l| l.contains("tenancy: refused") && l.contains(&login)).unwrap();
    assert!(line.contains("tenant=\"acme\"") && line.contains("sqlstate=42501"), "{line}");
}

#[tokio::test]
async fn a_session_that_is_refused_in_a_loop_does_not_flood_the_log() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    tenants.enter("acme").await.run(&in_a_loop(1000)).await;
    let login = format!("login={:?}", tenants.application.name());
    let log = database.cluster().log();
    let lines = log.lines().filter(|l| l.contains("tenancy: refused") && l.contains(&login));
    let lines = lines.count();
    assert!((1..=40).contains(&lines), "{lines} lines");
    assert_eq!(counted(&tenants.admin, "refused", "acme").await, 1000);
}

fn in_a_loop(times: u32) -> String {
    format!(
        "DO $$ BEGIN FOR i IN 1..{times} LOOP
           BEGIN PERFORM set_config('role', 'postgres', false); EXCEPTION WHEN insufficient_privilege THEN NULL; END;
         END LOOP; END $$"
    )
}

#[tokio::test]
async fn the_audit_trail_tells_a_refusal_that_was_rolled_back() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let session = tenants.enter("acme").await;
    session.run("BEGIN").await;
    session.refused(REFUSED).await;
    session.run("ROLLBACK").await;
    let rows = told(&tenants.admin, 1).await;
    let row: Vec<_> = rows[0].iter().flatten().map(String::as_str).collect();
    let what = "parameter \"role\" cannot be changed inside a tenant";
    assert_eq!(row, ["acme", tenants.application.name(), what, "42501", "1"]);
    assert_eq!(counted(&tenants.admin, "unaudited", "acme").await, 0);
}

#[tokio::test]
async fn equal_refusals_become_few_rows_that_count_them_all() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    tenants.enter("acme").await.run(&in_a_loop(2000)).await;
    let rows = told(&tenants.admin, 2000).await;
    assert!(rows.len() < 30, "{} rows", rows.len());
    let sum: i64 = rows.iter().map(|row| row[4].as_deref().unwrap().parse::<i64>().unwrap()).sum();
    assert_eq!(sum, 2000);
}

#[tokio::test]
async fn a_tenant_that_is_refused_in_ever_new_ways_fills_no_more_than_so_many_rows() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    database.superuser_sql(
        "DO $$ BEGIN FOR i IN 1..300 LOOP EXECUTE format('CREATE TABLE public.t%s (); GRANT SELECT ON public.t%1$s TO PUBLIC', i); END LOOP; END $$;
         CREATE SCHEMA central; GRANT USAGE ON SCHEMA central TO PUBLIC;
         DO $$ BEGIN FOR i IN 1..300 LOOP EXECUTE format('ALTER TABLE public.t%s SET SCHEMA central', i); END LOOP; END $$",
    );
    let session = tenants.enter("acme").await;
    session
        .run("DO $$ BEGIN FOR i IN 1..300 LOOP
                BEGIN EXECUTE format('SELECT * FROM central.t%s', i); EXCEPTION WHEN insufficient_privilege THEN NULL; END;
              END LOOP; END $$")
        .await;
    let rows = told(&tenants.admin, 300).await;
    assert!((60..150).contains(&rows.len()), "{} rows", rows.len());
    assert!(rows.iter().any(|row| row[2].as_deref().unwrap().starts_with("more refusals")));
}

#[tokio::test]
async fn a_database_that_saw_refusals_can_be_copied_and_dropped_soon_after() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let session = tenants.enter("acme").await;
    session.refused(REFUSED).await;
    drop(session);
    told(&tenants.admin, 1).await;
    let name = database.name();
    drop(tenants);
    tokio::time::sleep(Duration::from_millis(200)).await;
    database
        .cluster()
        .superuser_sql("postgres", &format!("CREATE DATABASE {name}_copy TEMPLATE {name}"));
    database.cluster().superuser_sql("postgres", &format!("DROP DATABASE {name}_copy"));
}

#[tokio::test]
async fn the_extension_can_be_dropped_while_refusals_wait() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let session = tenants.enter("acme").await;
    session.refused(REFUSED).await;
    drop(session);
    database.superuser_sql("DROP EXTENSION tenancy CASCADE");
    let here = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'tenancy%' AND datname = '{}'",
        database.name()
    );
    // On a busy machine a worker may take seconds to start, see that it has nothing to do, and end.
    for _ in 0..300 {
        if database.superuser_sql(&here).trim() == "0" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("a worker stays in a database without the extension");
}

#[tokio::test]
async fn without_a_place_for_a_worker_refusals_are_counted_and_logged_all_the_same() {
    let cluster = Cluster::start(&[("max_worker_processes", "0")]);
    let database = Database::on(&cluster);
    let tenants = Tenants::create(&database, &["acme"]).await;
    let session = tenants.enter("acme").await;
    for _ in 0..3 {
        assert_eq!(session.refusal(REFUSED).await.code(), "42501");
    }
    assert_eq!(counted(&tenants.admin, "refused", "acme").await, 3);
    assert!(cluster.log().contains("tenancy: refused"));
}
