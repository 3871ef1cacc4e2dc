//! One connection of a command: its start as a server would take it, then bytes both ways.

use super::door::Inside;
use crate::pool::{self, Lone};
use crate::shutdown::told;
use crate::wire::Parameter;
use crate::wire::startup::{self, Opening};
use bytes::BytesMut;
use std::sync::Arc;
use std::time::Duration;
use subtle::ConstantTimeEq;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

/// Who says nothing for so long is not let in.
const PATIENCE: Duration = Duration::from_secs(10);
const ENTER: &str = "SELECT tenancy.enter($1, \"as\" => 'owner') IS NOT NULL";
const SET: &str = "SELECT pg_catalog.set_config($1, $2, false)";

/// Why somebody is not let in: SQLSTATE and message.
struct Refusal(String, String);

fn refusal(code: &str, message: impl Into<String>) -> Refusal {
    Refusal(code.to_owned(), message.into())
}

impl From<pool::Error> for Refusal {
    fn from(error: pool::Error) -> Self {
        match error {
            pool::Error::Statement(report) | pool::Error::Refused(report) => {
                Self(report.code, report.message)
            }
            other => refusal("08006", other.to_string()),
        }
    }
}

/// A client, and what it has said that nobody has read.
struct Guest {
    stream: TcpStream,
    said: BytesMut,
}

/// Serves it to its end.
pub async fn serve(stream: TcpStream, inside: Arc<Inside>, closing: watch::Receiver<bool>) {
    let mut guest = Guest { stream, said: BytesMut::new() };
    let _ = guest.stream.set_nodelay(true);
    let begin = tokio::time::timeout(PATIENCE, guest.begin(&inside));
    let begun = tokio::select! {
        begun = begin => begun,
        () = told(closing.clone()) => return,
    };
    let Ok(Some(server)) = begun else { return };
    let key = server.key().clone();
    inside.keys().push(key.clone());
    server.relay(guest.stream, &guest.said, told(closing)).await;
    inside.keys().retain(|other| !other.is(key.process_id, key.secret));
}

impl Guest {
    /// A connection inside the tenant, for a client that may have one; who may not is told why.
    async fn begin(&mut self, inside: &Inside) -> Option<Lone> {
        let (minor, parameters) = self.opening(inside).await?;
        let mut answer = BytesMut::new();
        if minor > 0 || parameters.iter().any(|p| p.name.starts_with("_pq_.")) {
            startup::negotiate(0, &parameters, &mut answer);
        }
        startup::ask_password(&mut answer);
        self.stream.write_all(&answer).await.ok()?;
        let password = self.hear(startup::take_password).await?;
        answer.clear();
        let admitted = match admit(inside, &parameters, &password) {
            Ok(()) => enter(inside, &parameters).await,
            Err(refusal) => Err(refusal),
        };
        match &admitted {
            Ok(server) => {
                let key = server.key();
                startup::welcome(server.reported(), (key.process_id, key.secret), &mut answer);
            }
            Err(Refusal(code, message)) => {
                startup::refuse(code, message, (None, None), &mut answer);
            }
        }
        self.stream.write_all(&answer).await.ok()?;
        admitted.ok()
    }

    /// What session is asked for; cancel requests are seen to.
    async fn opening(&mut self, inside: &Inside) -> Option<(u16, Vec<Parameter>)> {
        loop {
            match self.hear(startup::take).await? {
                // Nobody but this machine is on the line.
                Opening::Tls | Opening::Gss => self.stream.write_all(b"N").await.ok()?,
                Opening::Cancel { process_id, secret } => {
                    let secret = i32::from_be_bytes(secret.try_into().ok()?);
                    let key = inside.keys().iter().find(|key| key.is(process_id, secret)).cloned();
                    key?.cancel().await;
                    return None;
                }
                Opening::Session { minor, parameters } => return Some((minor, parameters)),
            }
        }
    }

    async fn hear<T>(
        &mut self,
        take: impl Fn(&mut BytesMut) -> Result<Option<T>, startup::Malformed>,
    ) -> Option<T> {
        loop {
            if let Some(heard) = take(&mut self.said).ok()? {
                return Some(heard);
            }
            if self.stream.read_buf(&mut self.said).await.ok()? == 0 {
                return None;
            }
        }
    }
}

fn value<'a>(parameters: &'a [Parameter], name: &str) -> Option<&'a str> {
    parameters.iter().find(|p| p.name == name).map(|p| p.value.as_str())
}

fn admit(inside: &Inside, parameters: &[Parameter], password: &[u8]) -> Result<(), Refusal> {
    let user = value(parameters, "user").unwrap_or_default();
    let right: bool = inside.password.as_bytes().ct_eq(password).into();
    if !right || user != inside.tenant {
        return Err(refusal(
            "28P01",
            format!("password authentication failed for user \"{user}\""),
        ));
    }
    let database = value(parameters, "database").unwrap_or(user);
    if database != inside.server.database {
        return Err(refusal(
            "3D000",
            format!(
                "database \"{database}\" cannot be reached: this leads to tenant \"{}\" in database \"{}\" alone",
                inside.tenant, inside.server.database
            ),
        ));
    }
    match value(parameters, "replication") {
        None => Ok(()),
        Some(_) => Err(refusal("0A000", "a tenant has no replication")),
    }
}

/// A session of the server in the tenant, as its owner. What the client wants to be set is set inside,
/// where it can do no more than the client itself.
async fn enter(inside: &Inside, parameters: &[Parameter]) -> Result<Lone, Refusal> {
    let mut server = Lone::open(&inside.server).await?;
    let entered = server.run(ENTER, &[&inside.tenant]).await?;
    let sealed = entered.first().and_then(|result| result.rows.first());
    if !sealed.is_some_and(|row| row.buffer().ends_with(b"t")) {
        return Err(refusal(
            "55000",
            format!(
                "login \"{}\" is granted contexts without a seal, which a command could leave",
                inside.server.user
            ),
        ));
    }
    for (name, value) in startup::settings(parameters).map_err(|text| refusal("22023", text))? {
        server.run(SET, &[&name, &value]).await?;
    }
    Ok(server)
}
