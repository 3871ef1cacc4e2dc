//! What most tests of the sidecar stand on: a database with tenants, and a sidecar in front of it.

use std::time::Duration;

use reqwest::RequestBuilder;
use serde_json::json;
use tenancy_tests::database::Database;
use tenancy_tests::session::Session;
use tenancy_tests::sidecar::{Answer, Sidecar};
use tenancy_tests::tenant::Tenants;

/// The tenants' only rows: each its own name.
pub const BODY: &str = "SELECT body FROM note";

/// Ends from the front to the back: the sidecar before what it is connected to.
pub struct Site {
    pub sidecar: Sidecar,
    pub tenants: Tenants,
    pub database: Database<'static>,
}

impl Site {
    /// Tenants of these names at `<name>.example.com`, and a newcomer's settings.
    pub async fn start(names: &[&str]) -> Site {
        Site::start_with(names, &[]).await
    }

    /// The same with settings of the sidecar.
    pub async fn start_with(names: &[&str], settings: &[(&str, &str)]) -> Site {
        let database = Database::new();
        let tenants = Tenants::create(&database, names).await;
        let sidecar = Sidecar::start_with(&database, settings).await;
        Site { sidecar, tenants, database }
    }

    /// A query of the application, which may enter every tenant.
    pub async fn query(&self, host: &str, sql: &str) -> Answer {
        self.sidecar.query(&self.tenants.application, host, sql, &[]).await
    }

    /// A query of the application that names no host, to put the host into a header by hand.
    pub fn by_header(&self, sql: &str) -> RequestBuilder {
        let login = &self.tenants.application;
        let request = self.sidecar.post("/sql").json(&json!({ "query": sql }));
        request.basic_auth(login.name(), Some(login.password()))
    }

    /// How many rows of a tenant have this body, past the sidecar.
    pub async fn rows_of(&self, superuser: &Session, tenant: &str, body: &str) -> usize {
        let schema = self.tenants.column(tenant, "schema").await;
        let found = format!("SELECT FROM {schema}.note WHERE body = '{body}'");
        superuser.rows(&found).await.len()
    }
}

/// Waits until a `pg_sleep` runs in the superuser's database.
pub async fn assert_under_way(superuser: &Session) {
    let sleeping = "SELECT FROM pg_stat_activity WHERE datname = current_database()
        AND state = 'active' AND query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()";
    for _ in 0..100 {
        if !superuser.rows(sleeping).await.is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nothing sleeps after five seconds");
}

/// The text in the first column of the only row.
pub fn only(answer: &Answer) -> &str {
    let [row] = answer.rows().as_slice() else { panic!("not one row: {answer:?}") };
    let (_, value) = row.as_object().and_then(|row| row.iter().next()).unwrap();
    value.as_str().unwrap()
}

/// Status and SQLSTATE.
pub fn refusal(answer: &Answer) -> (u16, &str) {
    (answer.status.as_u16(), answer.code())
}
