//! A throw-away PostgreSQL server, made by `scripts/cluster.sh` from the extension that
//! `scripts/build.sh` laid out. Knows nothing of tenants.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// The database that every test's database is copied from.
pub const TEMPLATE: &str = "tenancy_template";

static SHARED: OnceLock<Cluster> = OnceLock::new();

/// A running server. It ends when this value is dropped, and at the latest with the test process:
/// the script's watchdog sees to that, because statics are never dropped and tests get killed.
#[derive(Debug)]
pub struct Cluster {
    dir: PathBuf,
    bin: PathBuf,
    port: u16,
}

impl Cluster {
    /// The server that all tests of this process share. Do not stop it and do not change its
    /// settings: [`Cluster::start`] one for that.
    pub fn shared() -> &'static Cluster {
        SHARED.get_or_init(|| Cluster::start(&[]))
    }

    /// A server of its own with these lines of postgresql.conf, for a test that stops it or
    /// changes its settings. Takes about two seconds. The build of the extension is that of
    /// `TENANCY_EXTENSION` in the environment, else the ordinary one.
    pub fn start(settings: &[(&str, &str)]) -> Cluster {
        let extension = std::env::var("TENANCY_EXTENSION");
        Cluster::start_with_extension(extension.as_deref().unwrap_or("extension"), settings)
    }

    /// The same, with another build of the extension: a folder under the target directory.
    pub fn start_with_extension(extension: &str, settings: &[(&str, &str)]) -> Cluster {
        let dir = std::env::temp_dir().join(format!("tenancy-{}", crate::login::unique("t")));
        let mut start = script();
        start.arg("start").arg(&dir).args(["--owner", &std::process::id().to_string()]);
        start.arg("--extension").arg(target_dir().join(extension));
        for (name, value) in settings {
            start.args(["-c", &format!("{name}={value}")]);
        }
        let env = assignments(&checked(&mut start));
        let cluster = Cluster {
            dir,
            bin: PathBuf::from(&env["PGBIN"]),
            port: env["PGPORT"].parse().expect("cluster.sh prints a port"),
        };
        cluster.make_template();
        cluster
    }

    /// Stops the server at once, as a crash would; clients lose their connections.
    pub fn halt(&self) {
        checked(script().arg("halt").arg(&self.dir).arg("immediate"));
    }

    /// Starts it again, on the same port.
    pub fn resume(&self) {
        checked(script().arg("resume").arg(&self.dir));
    }

    /// TCP port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Folder of the server's socket, over which the superuser needs no password.
    pub fn socket(&self) -> PathBuf {
        self.dir.join("socket")
    }

    /// Processes whose pid is the name of a file in here end with the cluster.
    pub fn owned(&self) -> PathBuf {
        self.dir.join("owned")
    }

    /// What the server wrote to its log so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.join("log")).expect("the log can be read")
    }

    /// A command of PostgreSQL's own (`psql`, `pg_dump`, ...), as the superuser.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        command
            .env("PGHOST", self.socket())
            .env("PGPORT", self.port.to_string())
            .env("PGUSER", "postgres")
            .env("PGDATABASE", "postgres");
        command
    }

    /// SQL as the superuser, through psql and outside of any runtime; returns its output.
    pub fn superuser_sql(&self, database: &str, sql: &str) -> String {
        let arguments =
            ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", sql];
        checked(self.command("psql").args(arguments))
    }

    fn make_template(&self) {
        self.superuser_sql("postgres", &format!("CREATE DATABASE {TEMPLATE}"));
        self.superuser_sql(TEMPLATE, "CREATE EXTENSION tenancy");
        self.superuser_sql(TEMPLATE, "CREATE EXTENSION citext SCHEMA public");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // A panic in here would hide the test's own.
        let _ = script().arg("stop").arg(&self.dir).output();
    }
}

/// Where cargo put what this process was built with: `<target>/debug/deps/suite-...`.
pub fn target_dir() -> PathBuf {
    let exe = std::env::current_exe().expect("the test knows its own path");
    exe.ancestors().nth(3).expect("tests are built below target/debug/deps").to_owned()
}

/// The checkout.
pub fn root_dir() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the checkout")
}

fn script() -> Command {
    let mut command = Command::new(root_dir().join("scripts/cluster.sh"));
    // A server may be started by somebody who works on Rust; its clients must not notice.
    command.env("RUST_BACKTRACE", "1");
    command
}

/// Runs a command that has to succeed, and returns what it printed.
pub fn checked(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().expect("the command can be started");
    let stderr = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{command:?} failed: {stderr}");
    String::from_utf8_lossy(&stdout).into_owned()
}

fn assignments(printed: &str) -> HashMap<String, String> {
    let pairs = printed.lines().filter_map(|line| line.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
