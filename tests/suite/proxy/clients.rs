//! Ordinary clients, several of each kind in every one of three tenants at once, over fewer server
//! connections than there are tenants' clients: each must see and write its own rows only. They know
//! of no proxy: to them a tenant is a database. Those of other languages stand in `tests/clients`;
//! what they need is installed by `scripts/deps.sh --clients`.

mod drivers;
mod pgbench;
mod psql;
mod tokio_postgres;

use std::process::{Command, Output};

use tenancy_tests::database::Database;
use tenancy_tests::sidecar::Sidecar;
use tenancy_tests::tenant::Tenants;

const NAMES: [&str; 3] = ["acme", "globex", "initech"];

/// Server connections; there are at least nine clients.
const POOL_SIZE: &str = "2";

/// Three tenants behind a sidecar. Every row of `note` in each is the tenant's name, and has to stay so.
struct Stage {
    database: Database<'static>,
    tenants: Tenants,
    sidecar: Sidecar,
}

impl Stage {
    async fn set() -> Stage {
        let database = Database::new();
        let tenants = Tenants::create(&database, &NAMES).await;
        let sidecar = Sidecar::start_with(&database, &[("postgres.pool_size", POOL_SIZE)]).await;
        Stage { database, tenants, sidecar }
    }

    /// A command of PostgreSQL's own, connected to this tenant by the sidecar.
    fn command(&self, program: &str, tenant: &str) -> Command {
        let mut command = self.aimed(self.database.cluster().command(program));
        command.env("PGDATABASE", tenant);
        command
    }

    /// The command finds sidecar, login and tenants in its environment.
    fn aimed(&self, mut command: Command) -> Command {
        let (address, login) = (self.sidecar.postgres(), &self.tenants.application);
        command
            .env("PGHOST", address.ip().to_string())
            .env("PGPORT", address.port().to_string())
            .env("PGUSER", login.name())
            .env("PGPASSWORD", login.password())
            .env("TENANTS", NAMES.join(","));
        command
    }

    /// Runs a program that prints how many rows each tenant has afterwards.
    async fn play(&self, command: Command) {
        let printed = finished(command).await;
        let expected = printed.trim().parse().unwrap_or_else(|_| panic!("no number: {printed}"));
        self.assert_rows(expected).await;
    }

    /// So many rows are in each tenant, and all are its own: looked at past the sidecar.
    async fn assert_rows(&self, expected: usize) {
        for name in NAMES {
            let schema = self.tenants.column(name, "schema").await;
            let count = format!(
                "SELECT count(*), count(*) FILTER (WHERE body <> '{name}') FROM {schema}.note"
            );
            assert_eq!(
                self.database.superuser_sql(&count).trim(),
                format!("{expected}|0"),
                "{name}"
            );
        }
    }
}

/// What a program printed that has to succeed; without a wait that would keep other tasks from running.
async fn finished(mut command: Command) -> String {
    let run = tokio::task::spawn_blocking(move || {
        let output = command.output();
        (command, output)
    });
    let (command, output) = run.await.unwrap();
    let Output { status, stdout, stderr } =
        output.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let stdout = String::from_utf8_lossy(&stdout).into_owned();
    assert!(status.success(), "{command:?}:\n{stdout}{}", String::from_utf8_lossy(&stderr));
    stdout
}
