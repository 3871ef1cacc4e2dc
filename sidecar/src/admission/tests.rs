//! Who is let in where. The registry is never reached: what it would say is in the caches.

use super::*;
use crate::resolve::{self, Lookup, Registry};
use tenancy_core::hostname::Hostname;
use tenancy_core::name::TenantName;

/// The password of `app`.
pub const PASSWORD: &str = "s3cret";

/// Tenants by what they are known as: `acme`, `globex`, which `app` has no grant for, and `shut`,
/// which is suspended. `acme.example` and `www.acme.example` are acme's, and so on.
struct Tenants;

impl Tenants {
    fn find(name: &str) -> Option<Route> {
        let names = ["acme", "globex", "shut"];
        let at = names.iter().position(|known| *known == name)?;
        let service = if name == "shut" { Service::Suspended } else { Service::Open };
        let tenant_id = i64::try_from(at).unwrap() + 1;
        Some(Route { tenant: name.to_owned(), tenant_id, service, generation: 7 })
    }
}

impl Registry for Tenants {
    fn by_hostname<'a>(&'a self, hostname: &'a Hostname) -> Lookup<'a> {
        let name = hostname.as_str().strip_suffix(".example").unwrap_or_default();
        Box::pin(async move { Ok(Self::find(name.trim_start_matches("www."))) })
    }

    fn by_name<'a>(&'a self, name: &'a TenantName) -> Lookup<'a> {
        Box::pin(async move { Ok(Self::find(name.as_str())) })
    }
}

/// With the logins `app` (grants for acme and shut) and `stranger` (none), of one password, and
/// `nobody`, whom the registry does not know.
pub async fn admission(authenticate: bool) -> Admission {
    let ttl = Duration::from_secs(60);
    let settings = resolve::Settings { cache_size: 100, ttl, negative_ttl: ttl };
    let resolver = Resolver::new(Arc::new(Tenants), Vec::new(), settings);
    // Nobody listens on port 1.
    let silent = "host=127.0.0.1 port=1 user=nobody".parse().unwrap();
    let control = Control::new(silent, 1, Duration::from_secs(1)).unwrap();
    let mut admission = Admission::new(resolver, control, authenticate, ttl);
    admission.access = AccessCache::lasting();
    let verifier = postgres_protocol::password::scram_sha_256(PASSWORD.as_bytes());
    for (login, verifier) in
        [("app", Some(&verifier)), ("stranger", Some(&verifier)), ("nobody", None)]
    {
        for (tenant, granted) in [(0, false), (1, true), (2, false), (3, true)] {
            let granted = granted && login == "app";
            let known = LoginAccess { verifier: verifier.cloned(), granted };
            let generation = if tenant == 0 { 0 } else { 7 };
            admission.access.know(login, (tenant, generation), known).await;
        }
    }
    admission
}

fn by_name(target: Target, what: &'static str, name: &str) -> Target {
    target.and(what, Key::Name(TenantName::parse(name).unwrap()), true)
}

fn by_host(target: Target, what: &'static str, host: &str, must_lead: bool) -> Target {
    target.and(what, Key::Hostname(Hostname::parse(host).unwrap()), must_lead)
}

fn named(name: &str) -> Target {
    by_name(Target::default(), "the name", name)
}

#[tokio::test]
async fn a_login_gets_where_it_has_a_grant() {
    let admission = admission(true).await;
    assert_eq!(admission.again("app", &named("acme")).await.unwrap().tenant_id, 1);
    assert_eq!(admission.again("app", &named("shut")).await.unwrap_err().code, "57P03");
    let unknown = admission.again("app", &named("initech")).await.unwrap_err();
    assert_eq!(unknown.code, "3D000");
    assert_eq!(admission.again("app", &named("globex")).await.unwrap_err(), unknown);
    assert_eq!(admission.again("stranger", &named("shut")).await.unwrap_err(), unknown);
    assert_eq!(admission.again("app", &Target::default()).await.unwrap_err(), unknown);
    let neither = Target::default().and("the name", Key::Neither, true);
    assert_eq!(admission.again("app", &neither).await.unwrap_err(), unknown);
}

#[tokio::test]
async fn a_password_goes_before_everything_else() {
    let admission = admission(true).await;
    for login in ["app", "nobody"] {
        for name in ["acme", "globex", "shut", "initech"] {
            let refused = admission.admit(login, "wrong", &named(name)).await.unwrap_err();
            // Where the password is wrong the registry is asked again, and here it is silent.
            assert_eq!(refused.code, "08006", "{login} {name}");
        }
    }
    assert!(admission.admit("app", PASSWORD, &named("acme")).await.is_ok());
    assert_eq!(admission.admit("app", PASSWORD, &named("shut")).await.unwrap_err().code, "57P03");
    for (login, password) in [("", PASSWORD), ("a\0", PASSWORD), (&"a".repeat(64), PASSWORD)] {
        let refused = admission.admit(login, password, &named("acme")).await.unwrap_err();
        assert_eq!(refused.code, "28P01");
    }
}

#[tokio::test]
async fn sources_that_lead_to_different_tenants_are_refused() {
    let admission = admission(false).await;
    let ask = async |target: &Target| admission.again("", target).await;
    let both = by_host(named("acme"), "the host", "www.acme.example", true);
    assert_eq!(ask(&both).await.unwrap().tenant, "acme");
    for (name, host, must_lead) in [
        ("acme", "globex.example", true),
        ("acme", "globex.example", false),
        ("acme", "nobody.example", true),
        ("initech", "acme.example", false),
    ] {
        let target = by_host(named(name), "the host", host, must_lead);
        let refused = ask(&target).await.unwrap_err();
        assert_eq!(refused.code, "22023", "{name} {host}");
        assert!(refused.message.contains("the name") && refused.message.contains("the host"));
    }
    let passed_over = by_host(named("acme"), "the host", "pooler.example", false);
    assert_eq!(ask(&passed_over).await.unwrap().tenant, "acme");
}

#[tokio::test]
async fn that_two_sources_lead_to_a_hidden_tenant_is_not_told() {
    let admission = admission(true).await;
    let ask = async |name, host| {
        let target = by_host(named(name), "the host", host, true);
        admission.again("app", &target).await.unwrap_err()
    };
    let nowhere = ask("initech", "initech.example").await;
    assert_eq!(nowhere.code, "3D000");
    assert_eq!(ask("globex", "globex.example").await, nowhere);
    assert_eq!(ask("globex", "initech.example").await, nowhere);
    // Beside a tenant of its own it is told the same of a hidden one and of none.
    assert_eq!(ask("acme", "globex.example").await, ask("acme", "initech.example").await);
}

#[tokio::test]
async fn a_login_that_there_is_not_looks_like_one_that_there_is() {
    let admission = admission(true).await;
    for login in ["nobody", &"a".repeat(64)] {
        let challenge = async || {
            let verifier = admission.verifier(login).await.unwrap();
            let first = b"n,,n=,r=abc";
            let mechanism = crate::auth::Mechanism::Plain;
            let begun = crate::auth::Exchange::begin(first, mechanism, None, verifier).unwrap();
            begun.challenge().split_once(",s=").unwrap().1.to_owned()
        };
        let one = challenge().await;
        assert_eq!(one, challenge().await, "the salt is the same each time");
        assert!(one.ends_with(",i=4096"));
    }
}

#[tokio::test]
async fn a_silent_registry_lets_nobody_in() {
    let admission = admission(true).await;
    assert_eq!(admission.verifier("unheard").await.err().unwrap().code, "08006");
    assert_eq!(admission.again("unheard", &named("acme")).await.unwrap_err().code, "08006");
}
