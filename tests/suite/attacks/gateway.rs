//! Attacks of a tenant on the gateway's connection that it runs on.

use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;
use tenancy_tests::wire::{Reply, Request, Wire};

const SEAL: &str = "0123456789abcdef0123456789abcdef";

/// A gateway's connection that is in a tenant.
struct Gateway {
    wire: Wire,
    switch: u32,
}

impl Gateway {
    async fn into(database: &Database<'_>, tenant: &str) -> Gateway {
        let mut wire = Wire::connect(&database.login(&["tenancy_gateway"])).await;
        let oid = oid(&mut wire, "tenancy.switch(text,text)").await;
        wire.query(&format!("SELECT tenancy.seal('{SEAL}')")).await.unwrap();
        let mut gateway = Gateway { wire, switch: oid };
        let answer = gateway.wire.ask(gateway.to(SEAL, Some(tenant))).await;
        assert_eq!(code(&answer), None, "{answer:?}");
        gateway
    }

    fn to(&self, seal: &str, tenant: Option<&str>) -> Request {
        Request::new().function_call(self.switch, &[Some(seal), tenant])
    }
}

async fn oid(wire: &mut Wire, function: &str) -> u32 {
    let rows = wire.query(&format!("SELECT '{function}'::regprocedure::oid")).await.unwrap();
    rows[0][0].as_ref().unwrap().parse().unwrap()
}

fn code(replies: &[Reply]) -> Option<&str> {
    replies.iter().find_map(|reply| match reply {
        Reply::Error(error) => Some(error.code.as_str()),
        _ => None,
    })
}

#[tokio::test]
async fn a_refused_switch_that_sql_catches_gives_no_rights_and_closes_afterwards() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let role = tenants.column("acme", "role").await;
    let mut gateway = Gateway::into(&database, "acme").await;
    let caught = format!(
        "DO $$ BEGIN
             BEGIN PERFORM tenancy.switch('wrong', 'x'); EXCEPTION WHEN OTHERS THEN NULL; END;
             IF current_user <> '{role}' THEN RAISE EXCEPTION 'runs as %', current_user; END IF;
         END $$"
    );
    gateway.wire.query(&caught).await.unwrap();
    assert_eq!(gateway.wire.query("SELECT 1").await.unwrap_err().code, "42501");
    let back = gateway.to(SEAL, Some("acme"));
    assert_eq!(code(&gateway.wire.ask(back).await), None);
}

#[tokio::test]
async fn a_switch_behind_an_open_pipeline_is_refused() {
    let database = Database::new();
    let _tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let mut gateway = Gateway::into(&database, "acme").await;
    let insert = Request::new().parse("", "INSERT INTO note (body) VALUES ('pending')");
    gateway.wire.send(insert.bind("", &[]).execute()).await;
    let switch = gateway.to(SEAL, Some("globex"));
    let answer = gateway.wire.ask(switch).await;
    assert_eq!(code(&answer), Some("25001"), "{answer:?}");
    assert_eq!(gateway.wire.query("SELECT 1").await.unwrap_err().code, "42501");
}

#[tokio::test]
async fn a_function_call_message_is_refused_in_a_suspended_tenant() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let mut gateway = Gateway::into(&database, "acme").await;
    let nextval = oid(&mut gateway.wire, "nextval(regclass)").await;
    let sequence = gateway.wire.query("SELECT 'note_id_seq'::regclass::oid").await.unwrap();
    tenants.admin.run("SELECT tenancy.suspend('acme')").await;
    let call = Request::new().function_call(nextval, &[sequence[0][0].as_deref()]);
    assert_eq!(code(&gateway.wire.ask(call).await), Some("57P03"));
}

#[tokio::test]
async fn objects_made_under_the_real_name_of_the_temporary_schema_are_removed() {
    let database = Database::new();
    let _tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let mut gateway = Gateway::into(&database, "acme").await;
    gateway.wire.query("CREATE TEMP TABLE whatever (a int)").await.unwrap();
    gateway.wire.ask(gateway.to(SEAL, Some("acme"))).await;
    let name = "SELECT quote_ident(nspname) FROM pg_namespace WHERE oid = pg_my_temp_schema()";
    let schema = gateway.wire.query(name).await.unwrap()[0][0].clone().unwrap();
    let plant = format!(
        "CREATE FUNCTION {schema}.secret() RETURNS text LANGUAGE sql AS $$ SELECT 'acme' $$"
    );
    gateway.wire.query(&plant).await.unwrap();
    gateway.wire.ask(gateway.to(SEAL, Some("globex"))).await;
    assert_eq!(gateway.wire.query("SELECT pg_temp.secret()").await.unwrap_err().code, "42883");
}

#[tokio::test]
async fn the_next_tenant_cannot_foresee_random_numbers() {
    let database = Database::new();
    let _tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let mut gateway = Gateway::into(&database, "acme").await;
    let mut seen = Vec::new();
    for _ in 0..2 {
        gateway.wire.query("SELECT setseed(0.5)").await.unwrap();
        gateway.wire.ask(gateway.to(SEAL, Some("globex"))).await;
        seen.push(gateway.wire.query("SELECT random()").await.unwrap());
        gateway.wire.ask(gateway.to(SEAL, Some("acme"))).await;
    }
    assert_ne!(seen[0], seen[1]);
}

#[tokio::test]
async fn nothing_runs_behind_a_switch_by_an_outdated_route() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let mut gateway = Gateway::into(&database, "acme").await;
    let route = "SELECT id || '/' || generation FROM tenancy.resolve_name('acme')";
    let before = tenants.admin.text(route).await;
    tenants.admin.run("SELECT tenancy.add_domain('acme', 'late.example.com')").await;
    gateway.wire.ask(gateway.to(SEAL, None)).await;
    let work = "DO $$ BEGIN INSERT INTO note (body) VALUES ('stray'); COMMIT; END $$";
    let switched = gateway.wire.ask(gateway.to(SEAL, Some(&before)).query(work)).await;
    assert_eq!(code(&switched), Some("40001"), "{switched:?}");
    assert_eq!(code(&gateway.wire.until_ready().await), Some("42501"));
    let now = tenants.admin.text(route).await;
    assert_eq!(code(&gateway.wire.ask(gateway.to(SEAL, Some(&now))).await), None);
    assert_eq!(gateway.wire.query("SELECT body FROM note").await.unwrap().len(), 1);
}
