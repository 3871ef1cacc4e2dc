//! What operators see of the PostgreSQL face and do with it: console, metrics, signals, configuration.

mod cancelling;
mod console;
mod holding;
mod metrics;
mod reloading;
mod stopping;

use std::process::{Command, Output};
use std::time::Duration;

use tenancy_tests::database::Database;
use tenancy_tests::login::Login;
use tenancy_tests::session::{Session, TextRow};
use tenancy_tests::sidecar::Sidecar;
use tenancy_tests::tenant::Tenants;

use super::site::Site;

/// A site with an operator.
struct Operated {
    site: Site,
    operator: Login,
}

impl Operated {
    async fn start(settings: &[(&str, &str)]) -> Operated {
        let database = Database::new();
        let tenants = Tenants::create(&database, &["acme", "globex"]).await;
        let operator = database.login(&[]);
        let admin = ("postgres.admin_logins", operator.name());
        let sidecar = Sidecar::start_with(&database, &[settings, &[admin]].concat()).await;
        Operated { site: Site { sidecar, tenants, database }, operator }
    }

    /// psql at the console, which prints rows as `a|b`.
    fn psql(&self, command: &str) -> Command {
        let mut psql = self.site.database.cluster().command("psql");
        let address = self.site.sidecar.postgres();
        psql.args(["-X", "-q", "-A", "-t", "-c", command])
            .env("PGHOST", address.ip().to_string())
            .env("PGPORT", address.port().to_string())
            .env("PGDATABASE", "tenancy")
            .env("PGUSER", self.operator.name())
            .env("PGPASSWORD", self.operator.password());
        psql
    }

    /// What psql prints of a command that has to succeed: rows, and what else is said.
    async fn says(&self, command: &str) -> (String, String) {
        let (status, rows, words) = self.tries(command).await;
        assert!(status, "{command}: {words}");
        (rows, words)
    }

    /// Whether a command succeeds, its rows, and what else is said.
    async fn tries(&self, command: &str) -> (bool, String, String) {
        let mut psql = self.psql(command);
        let run = tokio::task::spawn_blocking(move || psql.output());
        let Output { status, stdout, stderr } = run.await.unwrap().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (status.success(), text(stdout), text(stderr))
    }

    /// Rows of a command by a driver that knows the names of columns.
    async fn shows(&self, command: &str) -> Vec<TextRow> {
        self.console().await.rows(command).await
    }

    async fn console(&self) -> Session {
        let mut config = self.site.config("tenancy");
        config.user(self.operator.name()).password(self.operator.password());
        Session::open(&config).await
    }

    /// A key of the configuration file is added, in a section.
    fn configure(&self, section: &str, line: &str) {
        let path = self.site.sidecar.configuration();
        let text = std::fs::read_to_string(&path).unwrap();
        let head = format!("[{section}]\n");
        let text = match text.contains(&head) {
            true => text.replace(&head, &format!("{head}{line}\n")),
            false => format!("{text}{head}{line}\n"),
        };
        std::fs::write(path, text).unwrap();
    }

    /// Waits for a line of the log.
    async fn logged(&self, line: &str) {
        for _ in 0..100 {
            if self.site.sidecar.log().contains(line) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("no \"{line}\" in:\n{}", self.site.sidecar.log());
    }
}

/// The value of a column in the row whose first column is this.
fn value<'a>(rows: &'a [TextRow], first: &str, column: usize) -> &'a str {
    let row = rows.iter().find(|row| row[0].as_deref() == Some(first));
    row.unwrap_or_else(|| panic!("no {first} in {rows:?}"))[column].as_deref().unwrap_or("NULL")
}
