//! What the commands of the console do, each answered by its tag. Whatever changes something is in the
//! log, with the login of who did it.

use super::command::{Command, Subject, USAGE};
use super::show;
use super::table::{complete, notice};
use crate::admission::{Refusal, Result};
use crate::proxy::Face;
use crate::proxy::orders::Order;
use crate::proxy::requests::Request;
use std::sync::Arc;
use std::time::Duration;
use tenancy_core::name::TenantName;
use tokio::sync::oneshot;

/// How often PAUSE looks whether the server connections have come back.
const GLANCE: Duration = Duration::from_millis(10);

/// Does it, and writes the answer.
pub async fn act(command: Command, face: &Arc<Face>, login: &str, out: &mut Vec<u8>) -> Result<()> {
    if !matches!(command, Command::Show(_)) {
        tracing::info!(?login, ?command, "a command of an operator");
    }
    match command {
        Command::Show(Subject::Help) => {
            notice("NOTICE", "Console usage", Some(USAGE), out);
            complete("SHOW", out);
        }
        Command::Show(Subject::Config) => show::config(settings(face).await?).write(out),
        Command::Show(subject) => out.extend(shown(subject, face).await?),
        Command::Pause(tenant) => {
            pause(face, tenant.as_deref()).await?;
            complete("PAUSE", out);
        }
        Command::Resume(tenant) => {
            resume(face, tenant.as_deref()).await?;
            complete("RESUME", out);
        }
        Command::Kill(tenant) => {
            kill(face, &tenant).await?;
            complete("KILL", out);
        }
        Command::Reload => {
            for key in reload(face).await? {
                let message = format!("\"{key}\" has changed, which counts from the next start on");
                notice("WARNING", &message, None, out);
            }
            complete("RELOAD", out);
        }
        Command::Shutdown { when_deserted } => {
            let request =
                if when_deserted { Request::ShutdownWhenDeserted } else { Request::Shutdown };
            face.requests.send(request).map_err(|_| Refusal::ended())?;
            complete("SHUTDOWN", out);
        }
    }
    Ok(())
}

/// Thousands of rows are put together where no client has to wait for it.
async fn shown(subject: Subject, face: &Arc<Face>) -> Result<Vec<u8>> {
    let face = face.clone();
    let write = move || {
        let mut out = Vec::new();
        if let Some(table) = show::table(subject, &face) {
            table.write(&mut out);
        }
        out
    };
    tokio::task::spawn_blocking(write).await.map_err(|_| Refusal::ended())
}

async fn settings(face: &Face) -> Result<Vec<crate::proxy::Setting>> {
    let (sender, answer) = oneshot::channel();
    let sent = face.requests.send(Request::Settings(sender));
    sent.map_err(|_| Refusal::ended())?;
    answer.await.map_err(|_| Refusal::ended())
}

async fn reload(face: &Face) -> Result<Vec<&'static str>> {
    let (sender, answer) = oneshot::channel();
    let sent = face.requests.send(Request::Reload(sender));
    sent.map_err(|_| Refusal::ended())?;
    answer.await.map_err(|_| Refusal::ended())?
}

/// Holds transactions back, on all threads first, and waits until what is under way has come to its end.
async fn pause(face: &Face, tenant: Option<&str>) -> Result<()> {
    let tenant = id_of(face, tenant).await?;
    face.links.iter().for_each(|links| links.pause(tenant));
    while face.links.iter().any(|links| links.held(tenant) > 0) {
        tokio::time::sleep(GLANCE).await;
    }
    Ok(())
}

async fn resume(face: &Face, tenant: Option<&str>) -> Result<()> {
    let tenant = id_of(face, tenant).await?;
    let all_are = face.links.iter().any(|links| links.census().is_paused);
    if tenant.is_some() && all_are {
        return Err(Refusal::new("55000", "all tenants are paused")
            .hint("RESUME without a name ends that pause, and those of tenants."));
    }
    face.links.iter().for_each(|links| links.resume(tenant));
    Ok(())
}

/// In the middle of a transaction or not.
async fn kill(face: &Face, tenant: &str) -> Result<()> {
    let id = id_of(face, Some(tenant)).await?;
    let clients = face.clients.all();
    let of_tenant = clients.iter().filter(|client| Some(client.tenant.id) == id);
    of_tenant.for_each(|client| client.orders.give(Order::End));
    Ok(())
}

/// By the registry; by what we know of our own clients where it cannot be reached.
async fn id_of(face: &Face, tenant: Option<&str>) -> Result<Option<i64>> {
    let Some(name) = tenant else { return Ok(None) };
    let known = || face.tenants.all().into_iter().find(|known| &*known.name() == name);
    let name = TenantName::parse(name).map_err(|_| unknown(name))?;
    let id = match face.admission.resolver().by_name(&name).await {
        Ok(route) => route.map(|route| route.tenant_id),
        Err(_) => known().map(|tenant| tenant.id),
    };
    id.map(Some).ok_or_else(|| unknown(name.as_str()))
}

fn unknown(name: &str) -> Refusal {
    Refusal::new("3D000", format!("there is no tenant \"{name}\""))
        .hint("SHOW TENANTS lists those that this process has served.")
}
