//! What goes wrong around the clients.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::process::Stdio;
use std::time::Duration;
use tenancy_tests::database::Database;

/// A server process of the sidecar's data login, chosen at random.
const VICTIM: &str = "FROM pg_stat_activity WHERE datname = current_database()
    AND application_name <> 'tenancy notifications' AND pid <> pg_backend_pid()
    AND backend_type = 'client backend' ORDER BY random() LIMIT 1";

/// Strikes.
pub struct Chaos<'a> {
    database: &'a Database<'a>,
    random: StdRng,
}

impl<'a> Chaos<'a> {
    /// At one database's server, which must be its own.
    pub fn new(database: &'a Database<'a>, seed: u64) -> Self {
        Self { database, random: StdRng::seed_from_u64(seed) }
    }

    /// One thing goes wrong, and then nothing for a while.
    pub async fn strike(&mut self) {
        let pause = self.random.random_range(50..600);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        match self.random.random_range(0..100) {
            0..70 => self.sql(&format!("SELECT pg_terminate_backend(pid) {VICTIM}")),
            70..90 => self.sql(&format!("SELECT pg_cancel_backend(pid) {VICTIM}")),
            // The postmaster ends all others and recovers.
            90..96 => self.kill(),
            _ => {
                self.database.cluster().halt();
                self.database.cluster().resume();
            }
        }
    }

    fn kill(&self) {
        if let Ok(pid) = self.sql_text(&format!("SELECT pid {VICTIM}")).trim().parse::<u32>() {
            let _ = std::process::Command::new("kill").args(["-9", &pid.to_string()]).status();
        }
    }

    fn sql(&self, sql: &str) {
        self.sql_text(sql);
    }

    /// The server may be gone just then.
    fn sql_text(&self, sql: &str) -> String {
        let mut psql = self.database.cluster().command("psql");
        psql.args(["-XqAt", "-d", self.database.name(), "-c", sql]).stderr(Stdio::null());
        let output = psql.output();
        output
            .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
            .unwrap_or_default()
    }
}
