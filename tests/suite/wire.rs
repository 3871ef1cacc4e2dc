//! `switch` as the sidecar calls it: by FunctionCall, with work pipelined behind it.

use tenancy_tests::database::Database;
use tenancy_tests::login::Login;
use tenancy_tests::tenant::Tenants;
use tenancy_tests::wire::{Reply, Request, Wire};

const SEAL: &str = "0123456789abcdef0123456789abcdef";

/// A sealed connection, as the sidecar keeps them, and the function it switches by.
struct Gateway {
    wire: Wire,
    switch: u32,
}

impl Gateway {
    async fn connect(database: &Database<'_>) -> Gateway {
        Gateway::log_in(&database.login(&["tenancy_gateway"])).await
    }

    async fn log_in(login: &Login) -> Gateway {
        let mut wire = Wire::connect(login).await;
        let oid =
            wire.query("SELECT 'tenancy.switch(text,text)'::regprocedure::oid").await.unwrap();
        let switch = oid[0][0].as_ref().unwrap().parse().unwrap();
        wire.query(&format!("SELECT tenancy.seal('{SEAL}')")).await.unwrap();
        Gateway { wire, switch }
    }

    fn switch(&self, seal: &str, tenant: Option<&str>) -> Request {
        Request::new().function_call(self.switch, &[Some(seal), tenant])
    }

    /// The switch and a statement in one packet: the switch's answer, then the statement's.
    async fn switch_and_query(&mut self, seal: &str, tenant: &str, sql: &str) -> [Vec<Reply>; 2] {
        let request = self.switch(seal, Some(tenant)).query(sql);
        let switched = self.wire.ask(request).await;
        [switched, self.wire.until_ready().await]
    }
}

#[tokio::test]
async fn a_statement_pipelined_behind_a_switch_runs_in_the_new_tenant() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let mut gateway = Gateway::connect(&database).await;
    for name in ["acme", "globex", "acme"] {
        let route =
            format!("SELECT id || '/' || generation FROM tenancy.resolve('{name}.example.com')");
        let route = tenants.admin.text(&route).await;
        let [switched, answer] =
            gateway.switch_and_query(SEAL, name, "SELECT body FROM note").await;
        assert!(switched.contains(&Reply::Function(Some(route))), "{switched:?}");
        assert!(answer.contains(&Reply::Row(vec![Some(name.to_owned())])), "{answer:?}");
    }
}

#[tokio::test]
async fn a_statement_pipelined_behind_a_failed_switch_is_refused() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    tenants.admin.run("SELECT tenancy.suspend('globex')").await;
    let wrong = SEAL.replace('0', "f");
    for (seal, tenant, state) in
        [(SEAL, "nobody", "3D000"), (SEAL, "globex", "57P03"), (&wrong, "acme", "28000")]
    {
        let mut gateway = Gateway::connect(&database).await;
        gateway.switch_and_query(SEAL, "acme", "SELECT 1").await;
        let [switched, answer] =
            gateway.switch_and_query(seal, tenant, "SELECT body FROM note").await;
        assert_eq!(state_of(&switched), Some(state));
        // Closed, or closed before it was looked at: either way nothing was found and nothing ran.
        assert!(matches!(state_of(&answer), Some("42501" | "42P01")), "{answer:?}");
        assert!(!answer.iter().any(|reply| matches!(reply, Reply::Row(_))), "{answer:?}");
        assert_eq!(gateway.wire.query("SELECT 1").await.unwrap_err().code, "42501");
    }
}

#[tokio::test]
async fn a_parked_connection_answers_nothing_but_a_switch() {
    let database = Database::new();
    Tenants::create(&database, &["acme"]).await;
    let mut gateway = Gateway::connect(&database).await;
    gateway.switch_and_query(SEAL, "acme", "SELECT 1").await;
    let parked = gateway.wire.ask(gateway.switch(SEAL, None)).await;
    assert!(parked.contains(&Reply::Function(None)), "{parked:?}");
    for statement in
        ["SELECT 1", "SHOW search_path", "RESET ALL", "SELECT tenancy.leave()", "LISTEN x"]
    {
        let answer = gateway.wire.query(statement).await;
        assert_eq!(answer.unwrap_err().code, "42501", "{statement}");
    }
}

#[tokio::test]
async fn a_stolen_statement_name_catches_no_seal_and_does_not_reach_the_next_tenant() {
    let database = Database::new();
    Tenants::create(&database, &["acme", "globex"]).await;
    let mut gateway = Gateway::connect(&database).await;
    let theft = "DEALLOCATE ALL; PREPARE s0(text, text) AS SELECT $1 || $2";
    gateway.switch_and_query(SEAL, "acme", theft).await;
    gateway.switch_and_query(SEAL, "globex", "SELECT 1").await;
    let names = gateway.wire.query("SELECT name FROM pg_prepared_statements").await.unwrap();
    assert!(names.is_empty(), "{names:?}");
    let stolen = Request::new().bind("s0", &[Some("a"), Some("b")]).execute().sync();
    assert_eq!(state_of(&gateway.wire.ask(stolen).await), Some("26000"));
}

fn state_of(replies: &[Reply]) -> Option<&str> {
    replies.iter().find_map(|reply| match reply {
        Reply::Error(error) => Some(error.code.as_str()),
        _ => None,
    })
}
