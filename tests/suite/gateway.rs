//! Connections that serve one tenant after the other, as the sidecar keeps them: sealed once,
//! switched by FunctionCall, and between two tenants good for nothing.

mod calls;
mod client_settings;
mod closed;
mod failures;
mod left_behind;
mod pooling;
mod sealing;
mod squatting;
mod switching;

use tenancy_tests::database::Database;
use tenancy_tests::login::unique;
use tenancy_tests::wire::{Reply, Request, Wire};

/// A sealed connection between tenants.
struct Gateway {
    wire: Wire,
    seal: String,
    switch: u32,
    switch_client: u32,
}

impl Gateway {
    async fn connect(database: &Database<'_>) -> Gateway {
        let mut wire = Wire::connect(&database.login(&["tenancy_gateway"])).await;
        let switch = oid(&mut wire, "tenancy.switch(text,text)").await;
        let switch_client = oid(&mut wire, "tenancy.switch(text,text,text,text)").await;
        // A secret that is nobody else's, so that a log can be searched for it; and never as text
        // of a statement.
        let seal = unique("secret_of_a_gateway");
        let sealing = Request::new().parse("", "SELECT tenancy.seal($1)");
        let sealing = sealing.bind("", &[Some(&seal)]).execute().sync();
        assert_eq!(state_of(&wire.ask(sealing).await), None);
        Gateway { wire, seal, switch, switch_client }
    }

    fn call(&self, seal: &str, tenant: Option<&str>) -> Request {
        Request::new().function_call(self.switch, &[Some(seal), tenant])
    }

    /// The answer to a switch that has to succeed.
    async fn switch(&mut self, tenant: &str) -> String {
        let replies = self.wire.ask(self.call(&self.seal, Some(tenant))).await;
        let answer = replies.iter().find_map(|reply| match reply {
            Reply::Function(answer) => answer.clone(),
            _ => None,
        });
        answer.unwrap_or_else(|| panic!("no switch to {tenant}: {replies:?}"))
    }

    /// The same for a client with a pooling mode and settings.
    fn call_for(&self, tenant: &str, pooling: &str, settings: &str) -> Request {
        let arguments = [Some(self.seal.as_str()), Some(tenant), Some(pooling), Some(settings)];
        Request::new().function_call(self.switch_client, &arguments)
    }

    /// All that a switch for a client answers, which has to succeed.
    async fn switch_for(&mut self, tenant: &str, pooling: &str, settings: &str) -> Vec<Reply> {
        let replies = self.wire.ask(self.call_for(tenant, pooling, settings)).await;
        let arrived = replies.iter().any(|reply| matches!(reply, Reply::Function(Some(_))));
        assert!(arrived, "{tenant} {pooling} {settings:?}: {replies:?}");
        replies
    }

    async fn park(&mut self) {
        let replies = self.wire.ask(self.call(&self.seal, None)).await;
        assert!(replies.contains(&Reply::Function(None)), "{replies:?}");
    }

    /// The first value that a statement has to answer.
    async fn text(&mut self, sql: &str) -> String {
        let rows = self.wire.query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        rows[0][0].clone().unwrap_or_else(|| panic!("{sql}: is NULL"))
    }

    async fn run(&mut self, sql: &str) {
        self.wire.query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// SQLSTATE of a statement that has to fail.
    async fn refusal(&mut self, sql: &str) -> String {
        match self.wire.query(sql).await {
            Ok(rows) => panic!("{sql}: was not refused: {rows:?}"),
            Err(error) => error.code,
        }
    }
}

async fn oid(wire: &mut Wire, function: &str) -> u32 {
    let rows = wire.query(&format!("SELECT '{function}'::regprocedure::oid")).await.unwrap();
    rows[0][0].as_ref().unwrap().parse().unwrap()
}

/// SQLSTATE of the first error among the replies.
fn state_of(replies: &[Reply]) -> Option<&str> {
    replies.iter().find_map(|reply| match reply {
        Reply::Error(error) => Some(error.code.as_str()),
        _ => None,
    })
}

/// Whether anything of a table was told.
fn has_rows(replies: &[Reply]) -> bool {
    replies.iter().any(|reply| matches!(reply, Reply::Row(_)))
}
