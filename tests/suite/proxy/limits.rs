//! What a tenant may use, and that one tenant's clients do not starve another's.

use super::site::{BODY, Site};
use tenancy_tests::session::Session;

#[tokio::test]
async fn a_tenant_has_so_many_clients() {
    let site = Site::start(&[("postgres.clients_per_tenant", "2")]).await;
    let first = site.connect("acme").await;
    let _second = site.connect("acme").await;
    let refused = Session::try_open(&site.config("acme")).await.err().unwrap();
    assert_eq!(refused.code().unwrap().code(), "53300");
    assert_eq!(site.connect("globex").await.text(BODY).await, "globex");
    drop(first);
    for _ in 0..50 {
        if Session::try_open(&site.config("acme")).await.is_ok() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the place of a client that left stays taken");
}

#[tokio::test]
async fn the_process_has_so_many_clients() {
    let site = Site::start(&[("postgres.clients", "2")]).await;
    let _clients = (site.connect("acme").await, site.connect("globex").await);
    let refused = Session::try_open(&site.config("acme")).await.err().unwrap();
    assert_eq!(refused.code().unwrap().code(), "53300");
}

#[tokio::test]
async fn who_waits_too_long_is_told_so_and_stays_connected() {
    let settings = [("postgres.pool_size", "1"), ("timeouts.checkout", "2s")];
    let site = Site::start(&settings).await;
    let (acme, globex) = (site.connect("acme").await, site.connect("globex").await);
    acme.run("BEGIN").await;
    assert_eq!(globex.refusal(BODY).await.code(), "53300");
    let extended = globex.query_one(BODY, &[]).await.unwrap_err();
    assert_eq!(extended.code().unwrap().code(), "53300");
    acme.run("COMMIT").await;
    assert_eq!(globex.text(BODY).await, "globex");
    assert_eq!(globex.query_one(BODY, &[]).await.unwrap().get::<_, &str>(0), "globex");
}

#[tokio::test]
async fn a_tenant_has_its_share_of_the_connections_and_no_more() {
    let settings = [
        ("postgres.pool_size", "2"),
        ("postgres.pool_size_per_tenant", "1"),
        ("timeouts.checkout", "2s"),
    ];
    let site = Site::start(&settings).await;
    let (acme, more) = (site.connect("acme").await, site.connect("acme").await);
    acme.run("BEGIN").await;
    assert_eq!(more.refusal(BODY).await.code(), "53300");
    assert_eq!(site.connect("globex").await.text(BODY).await, "globex");
    acme.run("COMMIT").await;
    assert_eq!(more.text(BODY).await, "acme");
}

#[tokio::test]
async fn a_tenants_line_is_only_so_long() {
    let settings = [("postgres.pool_size", "1"), ("postgres.queue_per_tenant", "1")];
    let site = Site::start(&settings).await;
    let holder = site.connect("globex").await;
    let (first, second) = (site.connect("acme").await, site.connect("acme").await);
    holder.run("BEGIN").await;
    // One waits; whoever comes second is turned away at once, and then the other gets its turn.
    let turned_away = tokio::sync::Notify::new();
    let ask = async |client: &Session| {
        let outcome = client.simple_query(BODY).await;
        turned_away.notify_one();
        outcome.map(|_| ()).map_err(|error| error.code().map(|code| code.code().to_owned()))
    };
    let let_go = async {
        turned_away.notified().await;
        holder.run("COMMIT").await;
    };
    let (one, other, ()) = tokio::join!(ask(&first), ask(&second), let_go);
    let refused = Err(Some("53300".to_owned()));
    assert!([(Ok(()), refused.clone()), (refused, Ok(()))].contains(&(one, other)));
}

#[tokio::test]
async fn a_tenants_transactions_are_rationed_by_the_second() {
    let site = Site::start(&[("postgres.transactions_per_second", "5")]).await;
    let (acme, globex) = (site.connect("acme").await, site.connect("globex").await);
    let began = std::time::Instant::now();
    let mut admitted = 0;
    while acme.simple_query(BODY).await.is_ok() {
        admitted += 1;
        assert!(f64::from(admitted) <= 6.0 + 5.0 * began.elapsed().as_secs_f64(), "{admitted}");
    }
    assert_eq!(globex.text(BODY).await, "globex");
}
