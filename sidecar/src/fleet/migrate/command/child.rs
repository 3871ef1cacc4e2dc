//! The command as a process: with the door in its environment and a file for its output.

use super::super::Error;
use super::Command;
use super::door::Door;
use crate::shutdown::told;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::process::Child;
use tokio::sync::watch;

/// As much of the output's end is shown of a command that failed.
const TAIL_BYTES: u64 = 4096;
const TAIL_LINES: usize = 10;
/// What a command has left to do when its connections are gone.
const GRACE: Duration = Duration::from_secs(2);

/// What would lead a client elsewhere, or holds a secret of ours.
const REMOVED: [&str; 13] = [
    "TENANCY_ADMIN_DSN",
    "TENANCY_MIGRATOR_DSN",
    "PGHOSTADDR",
    "PGSERVICE",
    "PGSERVICEFILE",
    "PGPASSFILE",
    "PGREQUIRESSL",
    "PGREQUIREAUTH",
    "PGCHANNELBINDING",
    "PGSSLNEGOTIATION",
    "PGTARGETSESSIONATTRS",
    "PGLOADBALANCEHOSTS",
    "PGOPTIONS",
];

/// How a command ended.
pub enum Ended {
    /// With exit status 0.
    Well,
    /// Otherwise.
    Badly {
        /// Its exit status, or the signal.
        status: String,
        /// The last lines that it wrote.
        output: Vec<String>,
    },
}

/// A folder with one file per tenant.
pub struct Logs {
    folder: PathBuf,
    is_ours: bool,
}

impl Logs {
    /// A given folder, or one of our own until the end.
    pub fn open(given: Option<PathBuf>) -> Result<Self, Error> {
        let is_ours = given.is_none();
        let folder = given.unwrap_or_else(|| {
            std::env::temp_dir().join(format!("tenancy-run-{:016x}", rand::random::<u64>()))
        });
        let made = std::fs::DirBuilder::new().mode(0o700).recursive(!is_ours).create(&folder);
        made.map_err(|source| Error::Write { path: folder.display().to_string(), source })?;
        Ok(Self { folder, is_ours })
    }

    fn file(&self, tenant: &str) -> PathBuf {
        self.folder.join(format!("{tenant}.log"))
    }
}

impl Drop for Logs {
    fn drop(&mut self) {
        if self.is_ours {
            // What stays behind is in the folder for such things.
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

/// Runs it for a tenant; it is ended when `ended` comes.
pub async fn run(
    command: &Command,
    door: &Door,
    tenant: &str,
    ended: watch::Receiver<bool>,
) -> Result<Ended, Error> {
    let path = command.logs.file(tenant);
    let mut child = start(command, door, &path)?;
    let status = tokio::select! {
        status = child.wait() => status?,
        () = told(ended) => {
            door.shut();
            end(&mut child).await?
        }
    };
    if status.success() {
        return Ok(Ended::Well);
    }
    Ok(Ended::Badly { status: described(status), output: tail(&path)? })
}

async fn end(child: &mut Child) -> io::Result<ExitStatus> {
    match tokio::time::timeout(GRACE, child.wait()).await {
        Ok(status) => status,
        Err(_) => {
            child.start_kill()?;
            child.wait().await
        }
    }
}

fn start(command: &Command, door: &Door, log: &Path) -> Result<Child, Error> {
    let (program, arguments) =
        command.argv.split_first().ok_or_else(|| Error::Usage("no command is given".to_owned()))?;
    let file = || -> io::Result<(File, File)> {
        let file = File::create(log)?;
        Ok((file.try_clone()?, file))
    };
    let unwritable = |source| Error::Write { path: log.display().to_string(), source };
    let (output, errors) = file().map_err(unwritable)?;
    let mut child = tokio::process::Command::new(program);
    child.args(arguments).stdin(Stdio::null()).stdout(output).stderr(errors);
    REMOVED.iter().for_each(|name| {
        child.env_remove(name);
    });
    child.envs(environment(door));
    // Its own group: Ctrl-C at the terminal is for us, who let it come to its end.
    child.process_group(0).kill_on_drop(true);
    child.spawn().map_err(|source| {
        Error::Usage(format!("could not start \"{}\": {source}", program.to_string_lossy()))
    })
}

/// By which libpq, and whoever takes a URL, find the door.
fn environment(door: &Door) -> [(&'static str, String); 9] {
    let (tenant, password) = (&door.inside.tenant, &door.inside.password);
    let (port, database) = (door.port, &door.inside.server.database);
    let encoded = utf8_percent_encode(database, NON_ALPHANUMERIC);
    [
        ("PGHOST", "127.0.0.1".to_owned()),
        ("PGPORT", port.to_string()),
        ("PGUSER", tenant.clone()),
        ("PGPASSWORD", password.clone()),
        ("PGDATABASE", database.clone()),
        ("PGSSLMODE", "disable".to_owned()),
        ("PGGSSENCMODE", "disable".to_owned()),
        ("DATABASE_URL", format!("postgresql://{tenant}:{password}@127.0.0.1:{port}/{encoded}")),
        ("TENANCY_TENANT", tenant.clone()),
    ]
}

fn described(status: ExitStatus) -> String {
    status.code().map_or_else(|| status.to_string(), |code| code.to_string())
}

/// The last lines of a file, without what a terminal would obey.
fn tail(path: &Path) -> io::Result<Vec<String>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
    let mut bytes = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.lines().map(|line| line.replace(char::is_control, " ").trim_end().to_owned());
    let lines: Vec<String> = lines.filter(|line| !line.is_empty()).collect();
    Ok(lines[lines.len().saturating_sub(TAIL_LINES)..].to_vec())
}
