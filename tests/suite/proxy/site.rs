//! What tests of the PostgreSQL face stand on: a database with tenants, a sidecar in front of it, and
//! clients of both kinds: a driver, and one of single messages.

use tenancy_tests::database::Database;
use tenancy_tests::login::Login;
use tenancy_tests::session::Session;
use tenancy_tests::sidecar::Sidecar;
use tenancy_tests::tenant::Tenants;
use tenancy_tests::wire::{Reply, Wire};

/// The tenants' only rows: each its own name.
pub const BODY: &str = "SELECT body FROM note";

/// Ends from the front to the back: the sidecar before what it is connected to.
pub struct Site {
    pub sidecar: Sidecar,
    pub tenants: Tenants,
    pub database: Database<'static>,
}

impl Site {
    /// Tenants acme and globex, and one server connection for all of their clients.
    pub async fn narrow() -> Site {
        Site::start(&[("postgres.pool_size", "1")]).await
    }

    /// The same two with settings of the sidecar.
    pub async fn start(settings: &[(&str, &str)]) -> Site {
        let database = Database::new();
        let tenants = Tenants::create(&database, &["acme", "globex"]).await;
        let sidecar = Sidecar::start_with(&database, settings).await;
        Site { sidecar, tenants, database }
    }

    /// How a driver gets to a tenant.
    pub fn config(&self, tenant: &str) -> tokio_postgres::Config {
        let (login, address) = (&self.tenants.application, self.sidecar.postgres());
        let mut config = tokio_postgres::Config::new();
        config.host("127.0.0.1").port(address.port()).dbname(tenant);
        config.user(login.name()).password(login.password());
        config
    }

    /// A client in a tenant.
    pub async fn connect(&self, tenant: &str) -> Session {
        Session::open(&self.config(tenant)).await
    }

    /// One that has a server connection for itself.
    pub async fn session(&self, tenant: &str) -> Session {
        let mut config = self.config(tenant);
        config.options("-c tenancy.pooling=session");
        Session::open(&config).await
    }

    /// A client of single messages in a tenant.
    pub async fn wire(&self, tenant: &str) -> Wire {
        let login = self.login(tenant);
        let port = self.sidecar.postgres().port();
        Wire::connect_to(&login, port).await.expect("the sidecar lets the login in")
    }

    /// The same with a server connection for itself.
    pub async fn session_wire(&self, tenant: &str) -> Wire {
        let (login, port) = (self.login(tenant), self.sidecar.postgres().port());
        let options = [("options", "-c tenancy.pooling=session")];
        Wire::connect_with(&login, port, &options).await.expect("the sidecar lets the login in")
    }

    /// The application's login, with a tenant in the place of the database.
    pub fn login(&self, tenant: &str) -> Login {
        self.tenants.application.in_database(tenant)
    }

    /// How many server connections the sidecar has for tenants' data.
    pub async fn server_connections(&self, superuser: &Session) -> i64 {
        let count = "SELECT count(*) FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid
            WHERE a.datname = current_database() AND pg_has_role(r.oid, 'tenancy_gateway', 'member')
              AND NOT r.rolsuper";
        superuser.text(count).await.parse().unwrap()
    }
}

/// SQLSTATE of the first error among replies.
pub fn code(replies: &[Reply]) -> Option<&str> {
    replies.iter().find_map(|reply| match reply {
        Reply::Error(error) => Some(error.code.as_str()),
        _ => None,
    })
}

/// The first column of all rows among replies.
pub fn rows(replies: &[Reply]) -> Vec<&str> {
    let mut found = Vec::new();
    for reply in replies {
        if let Reply::Row(row) = reply {
            found.push(row[0].as_deref().unwrap_or("NULL"));
        }
    }
    found
}
