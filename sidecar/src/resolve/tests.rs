//! The resolver over a registry that counts how often it is asked.

use super::*;
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

#[derive(Default)]
struct Table {
    hostnames: Mutex<HashMap<String, Route>>,
    names: Mutex<HashMap<String, Route>>,
    asked: AtomicUsize,
    down: std::sync::atomic::AtomicBool,
}

impl Table {
    fn answer(&self, map: &Mutex<HashMap<String, Route>>, key: &str) -> Lookup<'_> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = match self.down.load(Ordering::SeqCst) {
            true => Err(Unreachable),
            false => Ok(map.lock().unwrap().get(key).cloned()),
        };
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            answer
        })
    }
}

impl Registry for Table {
    fn by_hostname<'a>(&'a self, hostname: &'a Hostname) -> Lookup<'a> {
        self.answer(&self.hostnames, hostname.as_str())
    }

    fn by_name<'a>(&'a self, name: &'a TenantName) -> Lookup<'a> {
        self.answer(&self.names, name.as_str())
    }
}

fn route(tenant: &str, tenant_id: i64) -> Route {
    Route { tenant: tenant.into(), tenant_id, service: Service::Open, generation: 1 }
}

fn resolver(ttl: Duration) -> (Arc<Table>, Resolver) {
    resolver_with(ttl, ttl)
}

fn resolver_with(ttl: Duration, negative_ttl: Duration) -> (Arc<Table>, Resolver) {
    let table = Arc::new(Table::default());
    table.hostnames.lock().unwrap().insert("www.acme.test".into(), route("acme", 1));
    table.hostnames.lock().unwrap().insert("globex.shop.test".into(), route("acme", 1));
    table.names.lock().unwrap().insert("acme".into(), route("acme", 1));
    table.names.lock().unwrap().insert("globex".into(), route("globex", 2));
    let settings = Settings { cache_size: 100, ttl, negative_ttl };
    let base = vec![Hostname::parse("shop.test").unwrap()];
    let resolver = Resolver::new(table.clone(), base, settings);
    (table, resolver)
}

async fn tenant(resolver: &Resolver, hostname: &str) -> Option<String> {
    let hostname = Hostname::parse(hostname).unwrap();
    resolver.by_hostname(&hostname).await.unwrap().map(|route| route.tenant.clone())
}

const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_registered_domain_goes_before_a_subdomain_of_a_base_domain() {
    let (_, resolver) = resolver(LONG);
    assert_eq!(tenant(&resolver, "www.acme.test").await.as_deref(), Some("acme"));
    assert_eq!(tenant(&resolver, "acme.shop.test").await.as_deref(), Some("acme"));
    assert_eq!(tenant(&resolver, "globex.shop.test").await.as_deref(), Some("acme"));
    for unknown in
        ["shop.test", "a.acme.shop.test", "initech.shop.test", "acme", "select.shop.test"]
    {
        assert_eq!(tenant(&resolver, unknown).await, None, "{unknown}");
    }
}

#[tokio::test]
async fn answers_are_kept_the_negative_ones_too() {
    let (table, resolver) = resolver(LONG);
    for _ in 0..3 {
        tenant(&resolver, "www.acme.test").await;
        tenant(&resolver, "nobody.test").await;
    }
    assert_eq!(table.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn many_who_ask_at_once_share_one_look_up() {
    let (table, resolver) = resolver(LONG);
    let resolver = Arc::new(resolver);
    let asking: Vec<_> = (0..20)
        .map(|_| {
            let resolver = resolver.clone();
            tokio::spawn(async move { tenant(&resolver, "www.acme.test").await })
        })
        .collect();
    for one in asking {
        assert_eq!(one.await.unwrap().as_deref(), Some("acme"));
    }
    assert_eq!(table.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_hint_makes_the_resolver_ask_again_for_what_it_names() {
    let (table, resolver) = resolver(LONG);
    let warm = ["www.acme.test", "nobody.test"];
    for (hint, asked_again) in [(Hint::Tenant(1), 2), (Hint::Tenant(2), 1), (Hint::Everything, 2)] {
        for hostname in warm {
            tenant(&resolver, hostname).await;
        }
        let before = table.asked.load(Ordering::SeqCst);
        let version = resolver.version();
        resolver.hint(hint);
        assert!(resolver.version() > version, "{hint:?}");
        for hostname in warm {
            tenant(&resolver, hostname).await;
        }
        assert_eq!(table.asked.load(Ordering::SeqCst) - before, asked_again, "{hint:?}");
    }
}

#[tokio::test]
async fn a_forgotten_route_is_read_anew() {
    let (table, resolver) = resolver(LONG);
    assert_eq!(tenant(&resolver, "www.acme.test").await.as_deref(), Some("acme"));
    table.hostnames.lock().unwrap().insert("www.acme.test".into(), route("globex", 2));
    assert_eq!(tenant(&resolver, "www.acme.test").await.as_deref(), Some("acme"));
    resolver.forget(1);
    assert_eq!(tenant(&resolver, "www.acme.test").await.as_deref(), Some("globex"));
}

#[tokio::test]
async fn an_unreachable_registry_is_no_answer_and_is_not_kept() {
    let (table, resolver) = resolver(LONG);
    assert!(tenant(&resolver, "www.acme.test").await.is_some());
    table.down.store(true, Ordering::SeqCst);
    assert!(tenant(&resolver, "www.acme.test").await.is_some(), "still cached");
    let other = Hostname::parse("acme.shop.test").unwrap();
    assert_eq!(resolver.by_hostname(&other).await, Err(Unreachable));
    table.down.store(false, Ordering::SeqCst);
    assert!(resolver.by_hostname(&other).await.unwrap().is_some());
}

#[tokio::test]
async fn answers_end_with_their_life_time() {
    let (table, resolver) = resolver(Duration::from_millis(30));
    tenant(&resolver, "www.acme.test").await;
    tokio::time::sleep(Duration::from_millis(60)).await;
    tenant(&resolver, "www.acme.test").await;
    assert_eq!(table.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_subdomain_that_becomes_a_domain_of_another_tenant_leads_there() {
    let (table, resolver) = resolver(LONG);
    assert_eq!(tenant(&resolver, "acme.shop.test").await.as_deref(), Some("acme"));
    table.hostnames.lock().unwrap().insert("acme.shop.test".into(), route("globex", 2));
    assert_eq!(tenant(&resolver, "acme.shop.test").await.as_deref(), Some("acme"), "still cached");
    resolver.hint(Hint::Tenant(2));
    assert_eq!(tenant(&resolver, "acme.shop.test").await.as_deref(), Some("globex"));
}

#[tokio::test]
async fn a_subdomain_is_not_kept_longer_than_that_there_is_no_domain() {
    let (table, resolver) = resolver_with(LONG, Duration::from_millis(30));
    assert_eq!(tenant(&resolver, "acme.shop.test").await.as_deref(), Some("acme"));
    assert_eq!(tenant(&resolver, "www.acme.test").await.as_deref(), Some("acme"));
    let before = table.asked.load(Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert_eq!(tenant(&resolver, "www.acme.test").await.as_deref(), Some("acme"));
    assert_eq!(table.asked.load(Ordering::SeqCst), before, "a registered domain is kept");
    table.hostnames.lock().unwrap().insert("acme.shop.test".into(), route("globex", 2));
    assert_eq!(tenant(&resolver, "acme.shop.test").await.as_deref(), Some("globex"));
}
