//! tokio-postgres: several statements under way on a connection, transactions, names of statements
//! that are the same in all tenants (`s0`, `s1`, ...).

use super::{NAMES, POOL_SIZE, Stage};

use std::collections::BTreeSet;

use tokio_postgres::{Config, NoTls};

const CONNECTIONS: usize = 3;
const ROUNDS: usize = 25;

#[tokio::test]
async fn tokio_postgres_stays_in_its_tenant() {
    let stage = Stage::set().await;
    let runs = NAMES.iter().flat_map(|name| [name; CONNECTIONS]);
    let runs = runs.map(|name| async { in_tenant(&stage, name).await });
    let processes: Vec<_> = futures_util::future::join_all(runs).await;
    stage.assert_rows(1 + CONNECTIONS * ROUNDS).await;
    // Otherwise the clients would not have met on them.
    let processes: BTreeSet<_> = processes.into_iter().flatten().collect();
    assert!(processes.len() <= POOL_SIZE.parse().unwrap(), "server connections: {processes:?}");
}

/// The server's processes that served it.
async fn in_tenant(stage: &Stage, name: &str) -> BTreeSet<i32> {
    let (mut client, connection) = config(stage, name).connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    let mut processes = BTreeSet::new();
    let all = client.prepare("SELECT DISTINCT body FROM note WHERE id > $1").await.unwrap();
    for _ in 0..ROUNDS {
        let (one, two) = tokio::join!(client.query_one(&all, &[&0]), client.query_one(&all, &[&0]));
        assert_eq!([one.unwrap().get::<_, &str>(0), two.unwrap().get(0)], [name, name]);
        let transaction = client.transaction().await.unwrap();
        transaction.execute("INSERT INTO note (body) VALUES ($1)", &[&name]).await.unwrap();
        let row = transaction.query_one(&all, &[&0]).await.unwrap();
        assert_eq!(row.get::<_, &str>(0), name);
        let process = transaction.query_one("SELECT pg_backend_pid()", &[]).await.unwrap();
        processes.insert(process.get(0));
        transaction.commit().await.unwrap();
    }
    processes
}

fn config(stage: &Stage, tenant: &str) -> Config {
    let (login, address) = (&stage.tenants.application, stage.sidecar.postgres());
    let mut config = Config::new();
    config.host(address.ip().to_string()).port(address.port()).dbname(tenant);
    config.user(login.name()).password(login.password());
    config
}
