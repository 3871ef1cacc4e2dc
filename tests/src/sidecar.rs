//! A `tenancy serve` process in front of a database, and HTTP requests to it. Knows the command
//! line, the configuration file and the HTTP protocol; nothing of the sidecar's code.

use std::collections::HashMap;
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::cluster::{checked, target_dir};
use crate::database::Database;
use crate::login::{Login, unique};

/// Hosts right below it are tenants' names.
pub const BASE_DOMAIN: &str = "tenants.test";

/// A sidecar process. It ends when this value is dropped, and at the latest with the cluster.
pub struct Sidecar {
    process: Child,
    addresses: HashMap<String, SocketAddr>,
    log: PathBuf,
    client: reqwest::Client,
}

/// The answer to an HTTP request.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// The body; `Null` when it is not JSON.
    pub body: Value,
}

impl Answer {
    /// The rows of a result, or a panic with what came instead.
    pub fn rows(&self) -> &Vec<Value> {
        self.body["rows"].as_array().unwrap_or_else(|| panic!("no rows: {self:?}"))
    }

    /// SQLSTATE of an error, or a panic with what came instead.
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_else(|| panic!("no error: {self:?}"))
    }
}

impl Sidecar {
    /// A sidecar with the settings that a newcomer would have.
    pub async fn start(database: &Database<'_>) -> Sidecar {
        Sidecar::start_with(database, &[]).await
    }

    /// The same with settings by their key, as `("data.pool_size", "4")`. Ready when it returns.
    pub async fn start_with(database: &Database<'_>, settings: &[(&str, &str)]) -> Sidecar {
        let sidecar = Sidecar::spawn(database, settings);
        for _ in 0..100 {
            let asked = sidecar.client.get(sidecar.url("/readyz")).send().await;
            if asked.is_ok_and(|answer| answer.status().is_success()) {
                return sidecar;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the sidecar did not become ready:\n{}", sidecar.log());
    }

    /// A sidecar that may never become ready.
    pub fn spawn(database: &Database<'_>, settings: &[(&str, &str)]) -> Sidecar {
        let name = unique("sidecar");
        let folder = database.cluster().owned().with_file_name(&name);
        std::fs::create_dir(&folder).expect("the cluster's folder is there");
        let config = folder.join("tenancy.toml");
        std::fs::write(&config, configuration(database)).expect("the disk takes a file");
        let listening = folder.join("listening");
        let log = folder.join("log");
        let output = File::create(&log).expect("the disk takes a file");
        let process = Command::new(target_dir().join("debug/tenancy"))
            .args(["serve", "--config"])
            .arg(&config)
            .envs(settings.iter().map(|(key, value)| (variable(key), *value)))
            .stdin(Stdio::null())
            .stdout(File::create(&listening).expect("the disk takes a file"))
            .stderr(output)
            .spawn()
            .expect("scripts/build.sh has built the sidecar");
        let mark = database.cluster().owned().join(process.id().to_string());
        File::create(mark).expect("the disk takes a file");
        // A proxy of the environment has no business between two processes of this machine.
        let client =
            reqwest::Client::builder().no_proxy().build().expect("no TLS, nothing to fail");
        let addresses = addresses_in(&listening).unwrap_or_else(|| {
            panic!("it does not listen: {}", std::fs::read_to_string(&log).unwrap_or_default())
        });
        Sidecar { process, addresses, log, client }
    }

    /// Where it listens for HTTP.
    pub fn address(&self) -> SocketAddr {
        self.addresses["http"]
    }

    /// Where it listens for clients of PostgreSQL.
    pub fn postgres(&self) -> SocketAddr {
        self.addresses["postgres"]
    }

    /// Where it listens for operators' machines.
    pub fn admin(&self) -> SocketAddr {
        self.addresses["admin"]
    }

    /// Its configuration file.
    pub fn configuration(&self) -> PathBuf {
        self.log.with_file_name("tenancy.toml")
    }

    /// What it wrote to its log so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).expect("the log can be read")
    }

    /// Process id, for signals.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Sends it a signal by name, such as `TERM`.
    pub fn signal(&self, name: &str) {
        checked(Command::new("kill").args(["-s", name, &self.pid().to_string()]));
    }

    /// Waits until it has ended by itself; panics when it does not within ten seconds.
    pub async fn ended(&mut self) -> ExitStatus {
        for _ in 0..200 {
            if let Ok(Some(status)) = self.process.try_wait() {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the sidecar still runs:\n{}", self.log());
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    /// One query as Neon's driver sends it: the host names the tenant.
    pub async fn query(&self, login: &Login, host: &str, sql: &str, params: &[Value]) -> Answer {
        self.sql(login, host, &json!({ "query": sql, "params": params })).await
    }

    /// Any body to `/sql`, as Neon's driver sends it.
    pub async fn sql(&self, login: &Login, host: &str, body: &Value) -> Answer {
        let connection = ("Neon-Connection-String", login.dsn_at(host));
        answer(self.post("/sql").header(connection.0, connection.1).json(body)).await
    }

    /// A request to put together by hand; [`answer`] sends it.
    pub fn post(&self, path: &str) -> reqwest::RequestBuilder {
        self.client.post(self.url(path))
    }

    /// A GET without credentials.
    pub async fn get(&self, path: &str) -> Answer {
        answer(self.client.get(self.url(path))).await
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        // It may have ended by itself, which some tests are about.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Sends a request; panics when no answer comes.
pub async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.expect("the sidecar answers");
    let status = response.status();
    Answer { status, body: response.json().await.unwrap_or(Value::Null) }
}

fn configuration(database: &Database<'_>) -> String {
    let data = database.login(&["tenancy_gateway"]).dsn();
    let registry = database.login(&["tenancy_resolver"]).dsn();
    format!(
        "base_domains = ['{BASE_DOMAIN}']\n[listen]\nhttp = '127.0.0.1:0'\n\
         postgres = '127.0.0.1:0'\nadmin = '127.0.0.1:0'\n\
         [data]\ndsn = '{data}'\n[registry]\ndsn = '{registry}'\n"
    )
}

fn variable(key: &str) -> String {
    format!("TENANCY_{}", key.replace('.', "_").to_uppercase())
}

/// The addresses that the process says it listens on, by their faces, on the only line of its output;
/// None when it says nothing within ten seconds.
fn addresses_in(output: &Path) -> Option<HashMap<String, SocketAddr>> {
    for _ in 0..500 {
        let text = std::fs::read_to_string(output).unwrap_or_default();
        if let Some(line) = text.strip_suffix('\n') {
            let faces = line.split(' ').filter_map(|word| word.split_once('='));
            return faces.map(|(face, at)| Some((face.to_owned(), at.parse().ok()?))).collect();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    None
}
