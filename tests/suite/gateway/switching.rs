//! From tenant to tenant: what the switch answers, and what runs behind it.

use super::{Gateway, state_of};
use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;
use tenancy_tests::wire::{Reply, Request};

/// What a route of the registry says: the tenant's number and its generation.
async fn route(tenants: &Tenants, name: &str) -> String {
    let route = format!("SELECT id || '/' || generation FROM tenancy.resolve_name('{name}')");
    tenants.admin.text(&route).await
}

#[tokio::test]
async fn a_switch_answers_the_route_that_the_registry_gives() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let mut gateway = Gateway::connect(&database).await;
    let login = database.login(&[]);
    let changes = [
        "SELECT 1".to_owned(),
        "SELECT tenancy.add_domain('acme', 'second.example.com', true)".to_owned(),
        "SELECT tenancy.remove_domain('second.example.com')".to_owned(),
        format!("SELECT tenancy.grant_login('{}', 'acme')", login.name()),
        format!("SELECT tenancy.revoke_login('{}', 'acme')", login.name()),
        "SELECT tenancy.suspend('acme'), tenancy.resume('acme')".to_owned(),
        "SELECT tenancy.suspend('acme', 'read_only')".to_owned(),
        format!("SELECT tenancy.grant_login('{}', '*')", login.name()),
    ];
    let mut seen = Vec::new();
    for change in changes {
        tenants.admin.run(&change).await;
        for name in ["acme", "globex"] {
            let answer = gateway.switch(name).await;
            assert_eq!(answer, route(&tenants, name).await, "{name} after {change}");
            if name == "acme" {
                seen.push(answer);
            }
        }
    }
    let count = seen.len();
    seen.dedup();
    assert_eq!(seen.len(), count, "a change did not raise the generation: {seen:?}");
}

#[tokio::test]
async fn a_switch_takes_its_arguments_in_binary_too() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let mut gateway = Gateway::connect(&database).await;
    let mut body = gateway.switch.to_be_bytes().to_vec();
    // One format for all arguments, two arguments, and the result: binary.
    body.extend([0, 1, 0, 1, 0, 2]);
    for argument in [gateway.seal.as_str(), "acme"] {
        body.extend((argument.len() as u32).to_be_bytes());
        body.extend(argument.as_bytes());
    }
    body.extend([0, 1]);
    let replies = gateway.wire.ask(Request::new().raw(b'F', &body)).await;
    let answer = Reply::Function(Some(route(&tenants, "acme").await));
    assert!(replies.contains(&answer), "{replies:?}");
    assert_eq!(gateway.text("SELECT body FROM note").await, "acme");
}

#[tokio::test]
async fn work_sent_behind_a_switch_runs_in_the_new_tenant() {
    let database = Database::new();
    Tenants::create(&database, &["acme", "globex"]).await;
    let mut gateway = Gateway::connect(&database).await;
    let sql = "SELECT body FROM note";
    for (round, name) in ["acme", "globex", "globex", "acme"].into_iter().enumerate() {
        let switch = gateway.call(&gateway.seal, Some(name));
        let request = match round % 2 {
            0 => switch.query(sql),
            _ => switch.parse("", sql).bind("", &[]).execute().sync(),
        };
        let switched = gateway.wire.ask(request).await;
        assert_eq!(state_of(&switched), None, "{switched:?}");
        let answer = gateway.wire.until_ready().await;
        assert!(answer.contains(&Reply::Row(vec![Some(name.to_owned())])), "{answer:?}");
        if round == 1 {
            gateway.park().await;
        }
    }
}

#[tokio::test]
async fn many_switches_in_one_packet_are_made_in_order() {
    let database = Database::new();
    Tenants::create(&database, &["acme", "globex"]).await;
    let mut gateway = Gateway::connect(&database).await;
    let mut request = Request::new();
    let names = ["acme", "globex", "acme", "acme", "globex"];
    for name in names {
        request = request
            .function_call(gateway.switch, &[Some(&gateway.seal), Some(name)])
            .query("SELECT body FROM note");
    }
    gateway.wire.send(request).await;
    for name in names {
        assert_eq!(state_of(&gateway.wire.until_ready().await), None);
        let answer = gateway.wire.until_ready().await;
        assert!(answer.contains(&Reply::Row(vec![Some(name.to_owned())])), "{answer:?}");
    }
}

#[tokio::test]
async fn a_switched_session_is_the_tenants_member_and_as_locked_in_as_any() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let mut gateway = Gateway::connect(&database).await;
    let who =
        "SELECT concat_ws('|', current_user, tenancy.current(), current_setting('search_path'))";
    for name in ["globex", "acme"] {
        gateway.switch(name).await;
        let inside = gateway.text(who).await;
        assert!(inside.starts_with(&tenants.column(name, "role").await), "{inside}");
        for attempt in [
            "RESET ROLE",
            "RESET ALL",
            "DISCARD ALL",
            "BEGIN; ROLLBACK",
            "RESET SESSION AUTHORIZATION",
            "SET ROLE tenancy_gateway",
            "SELECT tenancy.leave()",
        ] {
            let _ = gateway.wire.query(attempt).await;
            assert_eq!(gateway.text(who).await, inside, "{attempt}");
        }
    }
}

#[tokio::test]
async fn a_gateway_may_switch_by_a_statement_as_well() {
    let database = Database::new();
    Tenants::create(&database, &["acme", "globex"]).await;
    let mut gateway = Gateway::connect(&database).await;
    for name in ["acme", "globex"] {
        let switch = format!("SELECT tenancy.switch('{}', '{name}')", gateway.seal);
        gateway.run(&switch).await;
        assert_eq!(gateway.text("SELECT body FROM note").await, name);
    }
    let seal = gateway.seal.clone();
    gateway.run(&format!("SELECT tenancy.switch('{seal}', NULL)")).await;
    assert_eq!(gateway.refusal("SELECT 1").await, "42501");
}

#[tokio::test]
async fn no_time_limit_of_the_last_tenant_stops_a_switch() {
    let database = Database::new();
    Tenants::create(&database, &["acme", "globex"]).await;
    let mut gateway = Gateway::connect(&database).await;
    gateway.switch("acme").await;
    // What takes far longer to remove than the tenant wants to give.
    let tables = (0..40).map(|n| format!("CREATE TEMP TABLE t{n} (i serial PRIMARY KEY, t text);"));
    gateway.run(&tables.collect::<String>()).await;
    gateway.run("SET statement_timeout = '1ms'").await;
    gateway.switch("globex").await;
    gateway.run("SELECT pg_sleep(0.01)").await;
    assert_eq!(gateway.text("SELECT tenancy.current()").await, "globex");
}
