//! The promise under load and failure: every answer holds rows of its own tenant only.

mod disturbance;
mod evidence;
mod random;
mod relay;
mod requests;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use evidence::{Evidence, FLEETING};
use random::Random;
use relay::Relay;
use requests::{MISCHIEF, PROBE, VANISHED};
use serde_json::Value;
use tenancy_tests::cluster::Cluster;
use tenancy_tests::database::Database;
use tenancy_tests::login::Login;
use tenancy_tests::sidecar::Sidecar;
use tenancy_tests::tenant::Tenants;

const SEED: u64 = 20_260_518;
const CLIENTS: u64 = 50;
const REQUESTS_EACH: u64 = 40;
const CONNECTIONS: usize = 4;

/// All that a client needs.
struct Field {
    sidecar: Sidecar,
    login: Login,
    names: Vec<String>,
    evidence: Evidence,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_holds_rows_of_its_own_tenant_only_whatever_fails() {
    println!("seed: {SEED}");
    let cluster = Cluster::start(&[]);
    let database = Database::on(&cluster);
    let names: Vec<String> = (1..=20).map(|number| format!("t{number:02}")).collect();
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    let tenants = Tenants::create(&database, &all).await;
    let steady: Vec<String> = names.iter().filter(|name| *name != FLEETING).cloned().collect();
    let relay = Relay::start(cluster.port(), SEED, steady.clone()).await;
    let field = Arc::new(Field {
        sidecar: sidecar_behind(&relay, &database).await,
        login: tenants.application.clone(),
        names,
        evidence: Evidence::default(),
    });
    let started = Instant::now();
    tokio::select! {
        () = fire(&field) => {}
        () = disturbance::suspend(&database, &steady, Random::new(SEED, 1_000)) => {}
        () = disturbance::replace(&tenants) => {}
        () = disturbance::strike(&database, Random::new(SEED, 1_001)) => {}
    }
    println!("{} requests in {:?}", CLIENTS * REQUESTS_EACH, started.elapsed());
    assert_tables_hold_their_own(&database, &tenants).await;
    assert_enough_was_answered(&field.evidence);
    assert_connections_were_shared(&field.evidence, &relay);
    assert!(!field.sidecar.log().contains("ran work behind a refused switch"));
}

#[tokio::test]
async fn the_probe_sees_what_a_session_did_before() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["t01"]).await;
    let sidecar = Sidecar::start(&database).await;
    let traces = [
        "CREATE TEMP TABLE own (id int)",
        "PREPARE s0 AS SELECT 1",
        "DECLARE held CURSOR WITH HOLD FOR SELECT 1",
        "SELECT pg_advisory_lock(1)",
        "SET work_mem = '64kB'",
        "SET statement_timeout = '1min'",
        "SET fire.mark = 'x'",
    ];
    let body = requests::batch(&[&traces[..], &[PROBE]].concat());
    let answer = sidecar.sql(&tenants.application, "t01.example.com", &body).await;
    let row = Evidence::default().take("trace", &answer).unwrap();
    assert_eq!(row["residue"], "temp prepared cursor lock work_mem timeout mark");
}

async fn sidecar_behind(relay: &Relay, database: &Database<'_>) -> Sidecar {
    let gateway = database.login(&["tenancy_gateway"]);
    let dsn = gateway.dsn_at(&format!("127.0.0.1:{}", relay.port));
    let size = CONNECTIONS.to_string();
    let settings = [
        ("data.dsn", dsn.as_str()),
        ("data.pool_size", &size),
        ("timeouts.checkout", "30s"),
        ("routes.negative_ttl", "100ms"),
    ];
    Sidecar::start_with(database, &settings).await
}

async fn fire(field: &Arc<Field>) {
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| tokio::spawn(client(Arc::clone(field), Random::new(SEED, number))))
        .collect();
    for client in clients {
        client.await.unwrap();
    }
}

async fn client(field: Arc<Field>, mut random: Random) {
    for _ in 0..REQUESTS_EACH {
        let tenant = random.pick(&field.names).clone();
        match random.within(0..100) {
            0..50 => field.probe(&tenant, "probe", requests::single(PROBE)).await,
            50..62 => field.probe(&tenant, "write", requests::write_and_probe(&tenant)).await,
            62..66 => field.probe(&tenant, "slow", requests::slow()).await,
            66..72 => field.commit(&tenant).await,
            72..90 => field.mischief(&tenant, random.pick::<&[&str]>(MISCHIEF)).await,
            90..94 => field.fail(&tenant).await,
            _ => field.vanish(&tenant, random.within(5..100)).await,
        }
    }
}

impl Field {
    async fn send(&self, tenant: &str, body: &Value) -> tenancy_tests::sidecar::Answer {
        self.sidecar.sql(&self.login, &format!("{tenant}.example.com"), body).await
    }

    async fn probe(&self, tenant: &str, kind: &str, body: Value) {
        let answer = self.send(tenant, &body).await;
        if let Some(row) = self.evidence.take(kind, &answer) {
            self.evidence.check_clean(tenant, &row);
        }
    }

    async fn commit(&self, tenant: &str) {
        let answer = self.send(tenant, &requests::write_and_commit(tenant)).await;
        self.evidence.take("commit", &answer);
    }

    async fn mischief(&self, tenant: &str, statements: &[&str]) {
        let answer = self.send(tenant, &requests::mischief(statements)).await;
        if !answer.status.is_success() {
            return self.evidence.count("mischief", answer.code());
        }
        self.evidence.count("mischief", "answered");
        let results = answer.body["results"].as_array().cloned().unwrap_or_default();
        for row in results.last().iter().flat_map(|last| last["rows"].as_array().unwrap()) {
            assert_eq!(row["body"], tenant, "{statements:?}");
        }
    }

    async fn fail(&self, tenant: &str) {
        let answer = self.send(tenant, &requests::timed_out()).await;
        assert!(self.evidence.take("timeout", &answer).is_none(), "{answer:?}");
    }

    async fn vanish(&self, tenant: &str, patience: u64) {
        let body = requests::abandoned();
        let patience = Duration::from_millis(patience);
        match tokio::time::timeout(patience, self.send(tenant, &body)).await {
            Err(_) => self.evidence.count("vanish", "hung up"),
            Ok(answer) => assert!(self.evidence.take("vanish", &answer).is_none(), "{answer:?}"),
        }
    }
}

async fn assert_tables_hold_their_own(database: &Database<'_>, tenants: &Tenants) {
    let superuser = database.superuser().await;
    let listed = tenants.admin.rows("SELECT name, schema FROM tenancy.tenants").await;
    assert_eq!(listed.len(), 20);
    for [name, schema] in
        listed.into_iter().map(|row| <[Option<String>; 2]>::try_from(row).unwrap())
    {
        let (name, schema) = (name.unwrap(), schema.unwrap());
        let bodies = superuser.rows(&format!("SELECT DISTINCT body FROM {schema}.note")).await;
        assert!(!bodies.contains(&vec![Some(VANISHED.to_owned())]), "work lasted in {name}");
        assert!(
            bodies.iter().flatten().all(|body| *body == Some(name.clone())),
            "{name}: {bodies:?}"
        );
    }
}

fn assert_enough_was_answered(evidence: &Evidence) {
    println!("outcomes: {:#?}", evidence.outcomes());
    let answered: usize =
        ["probe", "write", "slow"].map(|kind| evidence.counted(kind, "answered")).iter().sum();
    assert!(answered >= 800, "only {answered} probes were answered");
    for (kind, outcome) in [
        ("commit", "answered"),
        ("mischief", "answered"),
        ("timeout", "57014"),
        ("vanish", "hung up"),
        ("probe", "57P03"),
        ("probe", "40001"),
        ("probe", "08006"),
    ] {
        assert!(evidence.counted(kind, outcome) > 0, "{kind} never came to {outcome}");
    }
}

fn assert_connections_were_shared(evidence: &Evidence, relay: &Relay) {
    let read = |counter: &std::sync::atomic::AtomicUsize| counter.load(Ordering::SeqCst);
    let (opened, most_open) = (read(&relay.ledger.opened), read(&relay.ledger.most_open));
    let (switches, spoiled) = (read(&relay.ledger.switches), read(&relay.ledger.spoiled));
    println!(
        "{spoiled} of {switches} switches spoiled; {opened} connections, {most_open} at a time"
    );
    assert!(spoiled * 30 > switches, "{spoiled} of {switches} switches were spoiled");
    // One more while a connection that is being closed still drains.
    assert!(most_open <= 2 * CONNECTIONS, "{most_open} server connections at a time");
    let pids = evidence.pids();
    assert!(pids.len() <= opened, "{} backends on {opened} connections", pids.len());
    let shared = |served: &&Vec<String>| served.iter().collect::<BTreeSet<_>>().len() > 3;
    let shared = pids.values().filter(shared).count();
    let most = pids.values().map(Vec::len).max();
    println!(
        "{} backends answered, {shared} of them more than three tenants, at most {most:?} answers",
        pids.len()
    );
    assert!(shared > CONNECTIONS, "{shared} backends served several tenants");
}
