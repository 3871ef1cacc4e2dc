//! What a start packet asks for, checked against what may be asked: a list of settings that are
//! allowed, and everything else an error, for a proxy in front of a server that takes more than it
//! understands has let clients in by parameters before (CVE-2025-12819).

mod allowed;

use super::{CONSOLE, Pooling, Settings};
use crate::admission::{Key, Refusal, Result, Target};
use crate::wire::Parameter;
use crate::wire::startup::settings;
use allowed::{Verdict, verdict};
use tenancy_core::hostname::Hostname;
use tenancy_core::name::TenantName;

const SERVER_NAME: &str = "the host of the TLS connection";
const DATABASE: &str = "the database";
const TENANT: &str = "tenancy.tenant";
const POOLING: &str = "tenancy.pooling";

/// What a client wants.
#[derive(Debug)]
pub struct Wanted {
    /// Who it says it is.
    pub login: String,
    /// The database, if it gave one.
    pub database: Option<String>,
    /// Where it wants to go.
    pub target: Target,
    /// What is to be set inside.
    pub settings: Vec<(String, String)>,
    /// When it gives its server connection back.
    pub pooling: Pooling,
    /// `application_name`.
    pub application_name: String,
}

impl Wanted {
    /// Reads the parameters of a start packet, beside the host that TLS told, if any. 22023 names the one that cannot be had, 0A000 is
    /// replication, 28000 no login, 08P01 what is there twice.
    pub fn read(
        parameters: &[Parameter],
        server_name: Option<Hostname>,
        rules: &Settings,
    ) -> Result<Self> {
        let login = only(parameters, "user")?.filter(|login| !login.is_empty());
        let login = login.ok_or_else(|| {
            Refusal::new("28000", "no PostgreSQL user name specified in startup packet")
        })?;
        let database = only(parameters, "database")?.filter(|database| !database.is_empty());
        only(parameters, "options")?;
        no_replication(only(parameters, "replication")?)?;
        let given = settings(parameters).map_err(|message| {
            Refusal::new("22023", message).hint("Options are -c name=value and --name=value.")
        })?;
        let mut own = Own::default();
        let mut settings = Vec::new();
        for (name, value) in given {
            if let Some(name) = own.take(&name, &value, rules)? {
                settings.push((name.to_owned(), value));
            }
        }
        let asked = database.filter(|name| *name != rules.database && *name != CONSOLE);
        let database_key = asked.map(|name| (database_key(name), name != login));
        let target = target(server_name, database_key, own.tenant.as_deref());
        let session = rules.session_logins.iter().any(|listed| listed == login);
        let default = if session { Pooling::Session } else { Pooling::Transaction };
        let application = settings.iter().rfind(|(name, _)| name == "application_name");
        Ok(Self {
            application_name: application.map(|(_, value)| value.clone()).unwrap_or_default(),
            login: login.to_owned(),
            database: database.map(str::to_owned),
            target,
            settings,
            pooling: own.pooling.unwrap_or(default),
        })
    }
}

/// Settings that are ours, not the server's.
#[derive(Default)]
struct Own {
    tenant: Option<String>,
    pooling: Option<Pooling>,
}

impl Own {
    /// The setting's name as the server has it, if it is to be set there.
    fn take(&mut self, name: &str, value: &str, rules: &Settings) -> Result<Option<&'static str>> {
        if name.eq_ignore_ascii_case(TENANT) {
            return once(&mut self.tenant, value.to_owned(), TENANT).map(|()| None);
        }
        if name.eq_ignore_ascii_case(POOLING) {
            return once(&mut self.pooling, pooling(value)?, POOLING).map(|()| None);
        }
        match verdict(name) {
            Verdict::Allowed(name) => Ok(Some(name)),
            _ if rules.ignored_parameters.iter().any(|one| one.eq_ignore_ascii_case(name)) => {
                Ok(None)
            }
            Verdict::Fixed => Err(Refusal::new(
                "22023",
                format!("parameter \"{name}\" cannot be set: the tenant's schema decides it"),
            )
            .hint("Leave it out; unqualified names lead to the tenant's own schema.")),
            Verdict::Unknown => Err(Refusal::new(
                "22023",
                format!("parameter \"{name}\" cannot be set at the start of a connection"),
            )
            .hint(
                "Leave it out, or have it ignored: an administrator lists it in postgres.ignore_startup_parameters.",
            )),
        }
    }
}

/// Said twice it must be the same.
fn once<T: PartialEq>(place: &mut Option<T>, value: T, name: &str) -> Result<()> {
    match place {
        Some(other) if *other != value => {
            Err(Refusal::new("22023", format!("\"{name}\" is given twice with different values"))
                .hint("Give it once."))
        }
        _ => {
            *place = Some(value);
            Ok(())
        }
    }
}

fn pooling(value: &str) -> Result<Pooling> {
    match value.to_ascii_lowercase().as_str() {
        "transaction" => Ok(Pooling::Transaction),
        "session" => Ok(Pooling::Session),
        _ => Err(Refusal::new("22023", format!("invalid value for \"{POOLING}\": \"{value}\""))
            .hint("It is session or transaction.")),
    }
}

/// A parameter of the protocol's own. Of two PostgreSQL takes the last; somebody in between may have
/// looked at the first.
fn only<'a>(parameters: &'a [Parameter], name: &str) -> Result<Option<&'a str>> {
    let mut found = parameters.iter().filter(|parameter| parameter.name == name);
    let first = found.next().map(|parameter| parameter.value.as_str());
    match found.next() {
        None => Ok(first),
        Some(_) => {
            Err(Refusal::new("08P01", format!("\"{name}\" is there twice in the startup packet")))
        }
    }
}

fn no_replication(value: Option<&str>) -> Result<()> {
    match value.map(str::to_ascii_lowercase).as_deref() {
        None | Some("false" | "off" | "no" | "0") => Ok(()),
        Some(_) => Err(Refusal::new("0A000", "a tenant has no replication")
            .hint("Connect to the server itself.")),
    }
}

/// The places that name a tenant, as the module above has them.
fn target(
    server_name: Option<Hostname>,
    database: Option<(Key, bool)>,
    tenant: Option<&str>,
) -> Target {
    let mut target = Target::default();
    if let Some(name) = server_name {
        target = target.and(SERVER_NAME, Key::Hostname(name), false);
    }
    if let Some((key, must_lead)) = database {
        target = target.and(DATABASE, key, must_lead);
    }
    if let Some(tenant) = tenant {
        let key = TenantName::parse(tenant).map_or(Key::Neither, Key::Name);
        target = target.and(TENANT, key, true);
    }
    target
}

/// No tenant's name holds a dot, so the two cannot be taken for each other.
fn database_key(text: &str) -> Key {
    match text.contains('.') {
        true => Hostname::parse(text).map_or(Key::Neither, Key::Hostname),
        false => TenantName::parse(text).map_or(Key::Neither, Key::Name),
    }
}

#[cfg(test)]
mod tests;
