//! Clients before they are in: tenants behind a sidecar, a client in this process whose every
//! parameter can be chosen, and psql with any connection string.

use tenancy_tests::database::Database;
use tenancy_tests::sidecar::Sidecar;
use tenancy_tests::tenant::Tenants;
use tokio_postgres::error::DbError;
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage};

/// Tenants behind a sidecar; each has one note, which is its name.
pub struct Gate {
    pub database: Database<'static>,
    pub tenants: Tenants,
    pub sidecar: Sidecar,
}

impl Gate {
    pub async fn new(names: &[&str]) -> Gate {
        Gate::with(names, &[]).await
    }

    /// With settings of the sidecar by their key.
    pub async fn with(names: &[&str], settings: &[(&str, &str)]) -> Gate {
        let database = Database::new();
        let tenants = Tenants::create(&database, names).await;
        let sidecar = Sidecar::start_with(&database, settings).await;
        Gate { database, tenants, sidecar }
    }

    /// A client with the application's login, which names the server's own database.
    pub fn client(&self) -> Config {
        let (login, address) = (&self.tenants.application, self.sidecar.postgres());
        let mut config = Config::new();
        config.host(address.ip().to_string()).port(address.port()).dbname(self.database.name());
        config.user(login.name()).password(login.password());
        config
    }

    /// What psql prints for a statement, or what it says on standard error.
    pub async fn psql(&self, connection: &str, sql: &str) -> Result<String, String> {
        self.psql_with(connection, sql, &[]).await
    }

    /// The same with environment variables of libpq.
    pub async fn psql_with(
        &self,
        connection: &str,
        sql: &str,
        variables: &[(&str, &str)],
    ) -> Result<String, String> {
        let (login, address) = (&self.tenants.application, self.sidecar.postgres());
        let mut command = self.database.cluster().command("psql");
        command
            .env("PGHOST", address.ip().to_string())
            .env("PGPORT", address.port().to_string())
            .env("PGUSER", login.name())
            .env("PGPASSWORD", login.password())
            .env("PGDATABASE", self.database.name())
            .envs(variables.iter().copied())
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"])
            .args(["-d", connection, "-c", sql]);
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        match output.status.success() {
            true => Ok(text(&output.stdout)),
            false => Err(text(&output.stderr)),
        }
    }
}

/// A client that is in, with its task in the background.
pub async fn connect(config: &Config) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// The one value of a statement.
pub async fn value(client: &Client, sql: &str) -> String {
    let messages = client.simple_query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let row = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    row.unwrap_or_else(|| panic!("{sql}: no row")).to_owned()
}

/// The note of the tenant that a client ends up in.
pub async fn note(config: &Config) -> String {
    let client = connect(config).await.unwrap_or_else(|error| panic!("not let in: {error:?}"));
    value(&client, "SELECT body FROM note").await
}

/// With which error a client is refused.
pub async fn refusal(config: &Config) -> DbError {
    let Err(error) = connect(config).await else { panic!("it was let in") };
    error.as_db_error().unwrap_or_else(|| panic!("no word from the sidecar: {error:?}")).clone()
}
