//! Parallel workers run as their leader's tenant.

use tenancy_tests::database::Database;
use tenancy_tests::session::Session;
use tenancy_tests::tenant::Tenants;

/// The functions are labelled against better knowledge, so that a worker runs them.
const TEMPLATE: &str = "
    CREATE FUNCTION seen() RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
    BEGIN
        RETURN concat_ws('|', pg_backend_pid(), current_user, tenancy.current(), tenancy.current_id(),
                         current_setting('search_path'), current_setting('tenancy.tenant'));
    END $$;
    CREATE TABLE big (i int) WITH (parallel_workers = 2);
    INSERT INTO big SELECT generate_series(1, 20000);
";

async fn force_workers(session: &Session) {
    let version = session.text("SHOW server_version_num").await.parse::<u32>().unwrap();
    let force = if version < 160_000 { "force_parallel_mode" } else { "debug_parallel_query" };
    session
        .run(&format!(
            "SET {force} = on; SET min_parallel_table_scan_size = 0; SET parallel_setup_cost = 0;
             SET parallel_tuple_cost = 0; SET max_parallel_workers_per_gather = 2;
             SET parallel_leader_participation = off"
        ))
        .await;
}

#[tokio::test]
async fn parallel_workers_are_in_their_leaders_tenant() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &[]).await;
    tenants.admin.run(&format!("SELECT tenancy.register_template('big', $t${TEMPLATE}$t$)")).await;
    for name in ["acme", "globex"] {
        let create = format!("SELECT tenancy.create('{name}', template => 'big')");
        tenants.admin.run(&create).await;
        let session = tenants.enter(name).await;
        let (leader, here) = split(&session.text("SELECT seen()").await);
        force_workers(&session).await;
        let seen = session.rows("SELECT DISTINCT seen() FROM big").await.concat();
        let seen: Vec<_> = seen.into_iter().flatten().map(|row| split(&row)).collect();
        assert!(seen.iter().any(|(pid, _)| *pid != leader), "no worker ran: {seen:?}");
        for (_, worker) in seen {
            assert_eq!(worker, here);
        }
        assert_eq!(session.text("SELECT count(*) FROM big").await, "20000");
    }
}

#[tokio::test]
async fn parallel_workers_of_a_local_context_are_in_it() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &[]).await;
    tenants.admin.run(&format!("SELECT tenancy.register_template('big', $t${TEMPLATE}$t$)")).await;
    tenants.admin.run("SELECT tenancy.create('acme', template => 'big')").await;
    let session = tenants.application.connect().await;
    session.run("BEGIN; SELECT tenancy.enter_local('acme')").await;
    let (leader, here) = split(&session.text("SELECT seen()").await);
    force_workers(&session).await;
    let seen = session.text("SELECT seen() FROM big LIMIT 1").await;
    assert_ne!(split(&seen).0, leader, "no worker ran");
    assert_eq!(split(&seen).1, here);
}

/// The process and what it saw.
fn split(seen: &str) -> (String, String) {
    let (pid, rest) = seen.split_once('|').unwrap();
    (pid.to_owned(), rest.to_owned())
}

#[tokio::test]
async fn what_the_extension_reads_for_itself_is_not_read_by_workers() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let session = tenants.migrator(&database).await.connect().await;
    force_workers(&session).await;
    let key = session.text("SELECT tenancy.enter('acme', \"as\" => 'owner')").await;
    force_workers(&session).await;
    session.run("CREATE TABLE made (id int PRIMARY KEY); DROP TABLE made").await;
    session.run(&format!("SELECT tenancy.enter('globex', '{key}')")).await;
}
