//! Everything at once: clients of several tenants at work over few server connections, while backends
//! are terminated and killed, the server dies and comes back, clients vanish and cancel requests rain.
//! Every answer that a client gets is right and of its own tenant, nobody hangs, what was committed is
//! there and what was rolled back is not, and in the end every server connection can be used again.
//! TENANCY_SECONDS says for how long; TENANCY_SEED repeats what was drawn at random.

mod chaos;
mod visitor;

use chaos::Chaos;
use std::time::{Duration, Instant};
use tenancy_tests::cluster::Cluster;
use tenancy_tests::database::Database;
use tenancy_tests::login::Login;
use tenancy_tests::session::Session;
use tenancy_tests::sidecar::Sidecar;
use tenancy_tests::tenant::Tenants;
use visitor::{Ledger, Visitor};

const TENANTS: [&str; 6] = ["acme", "globex", "hooli", "initech", "stark", "wayne"];
const VISITORS: usize = 24;
const CONNECTIONS: usize = 4;

/// For how long, and from which seed.
fn orders() -> (Duration, u64) {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse().unwrap());
    let seconds = number("TENANCY_SECONDS").unwrap_or(15);
    (Duration::from_secs(seconds), number("TENANCY_SEED").unwrap_or_else(rand::random))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_dies_every_answer_is_right_and_of_the_clients_own_tenant() {
    let (time, seed) = orders();
    println!("TENANCY_SEED={seed}");
    let cluster = Cluster::start(&[("synchronous_commit", "on"), ("max_connections", "60")]);
    let database = Database::on(&cluster);
    let tenants = Tenants::create(&database, &TENANTS).await;
    let application = tenants.application.clone();
    drop(tenants);
    let size = CONNECTIONS.to_string();
    let settings = [("postgres.pool_size", size.as_str()), ("timeouts.checkout", "20s")];
    let sidecar = Sidecar::start_with(&database, &settings).await;
    let door = Door { port: sidecar.postgres().port(), application };
    let end = Instant::now() + time;
    let visitors: Vec<_> = (0..VISITORS)
        .map(|n| Visitor::new(n, TENANTS[n % TENANTS.len()], door.clone(), seed))
        .map(|visitor| tokio::spawn(visitor.visit(end)))
        .collect();
    let mut chaos = Chaos::new(&database, seed);
    while Instant::now() < end {
        chaos.strike().await;
    }
    drop(chaos);
    let mut ledgers = Vec::new();
    for visitor in visitors {
        ledgers.push(visitor.await.unwrap());
    }
    all_connections_work(&door).await;
    for (n, ledger) in ledgers.iter().enumerate() {
        agrees(&door, TENANTS[n % TENANTS.len()], ledger).await;
    }
    let answers: usize = ledgers.iter().map(|ledger| ledger.answers).sum();
    let losses: usize = ledgers.iter().map(|ledger| ledger.losses).sum();
    println!("{answers} answers, {losses} connections lost");
    assert!(answers > 100 * time.as_secs() as usize / 15, "{answers} answers");
}

/// How clients get in.
#[derive(Clone)]
pub struct Door {
    port: u16,
    application: Login,
}

impl Door {
    /// As a client of a tenant.
    pub fn config(&self, tenant: &str) -> tokio_postgres::Config {
        let mut config = tokio_postgres::Config::new();
        config.host("127.0.0.1").port(self.port).dbname(tenant);
        config.user(self.application.name()).password(self.application.password());
        config
    }

    /// The same, however long it takes until the server is back.
    async fn connect(&self, tenant: &str) -> Session {
        for _ in 0..300 {
            if let Ok(session) = Session::try_open(&self.config(tenant)).await {
                return session;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("nobody gets in any more");
    }
}

/// As many transactions as there are server connections, all at the same time.
async fn all_connections_work(door: &Door) {
    let mut open = Vec::new();
    for n in 0..CONNECTIONS {
        let tenant = TENANTS[n % TENANTS.len()];
        let session = door.connect(tenant).await;
        session.run("BEGIN").await;
        open.push((tenant, session));
    }
    for (tenant, session) in open {
        let own = format!("SELECT count(*) FROM note WHERE body NOT LIKE '{tenant}%'");
        assert_eq!(session.text(&own).await, "0");
        session.run("COMMIT").await;
    }
}

/// What was committed is there, what was rolled back is not.
async fn agrees(door: &Door, tenant: &str, ledger: &Ledger) {
    let session = door.connect(tenant).await;
    let rows = session.rows("SELECT body FROM note").await;
    let there: std::collections::HashSet<_> = rows.iter().flatten().flatten().collect();
    let lost: Vec<_> = ledger.committed.iter().filter(|body| !there.contains(body)).collect();
    assert!(lost.is_empty(), "committed and not there: {lost:?}");
    let stray: Vec<_> = ledger.rolled_back.iter().filter(|body| there.contains(body)).collect();
    assert!(stray.is_empty(), "rolled back and there: {stray:?}");
}
