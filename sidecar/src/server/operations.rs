//! What operators do with the process as a whole: by signals, and at the console. Reading the
//! configuration again changes all that can be changed without losing a client, or, where anything is
//! wrong with it, nothing.

use super::connections::Connections;
use super::handshake::{self, encryption_again};
use super::{accept_if_on, postgres};
use crate::admin::{self, Admin};
use crate::admission::Refusal;
use crate::config::{Config, Source};
use crate::error::Error;
use crate::http::Services;
use crate::proxy::handshake::Encryption;
use crate::proxy::{Proxy, Request, Setting};
use crate::shutdown::Signals;
use crate::telemetry;
use axum::Router;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::UnboundedReceiver;

/// How the process is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// When what is under way is done.
    Now,
    /// When all clients have left by themselves.
    WhenDeserted,
}

/// What runs, and how.
pub struct Operations<'a> {
    config: Config,
    source: Source,
    services: Arc<Services>,
    proxy: Option<&'a Proxy>,
    encryption: Option<Encryption>,
    admin: Arc<Admin>,
    hangup: Signal,
    asked: UnboundedReceiver<Request>,
}

impl<'a> Operations<'a> {
    /// Of what runs by this configuration, which came from this source.
    pub fn new(
        (config, source): (Config, Source),
        services: Arc<Services>,
        (proxy, encryption): (Option<&'a Proxy>, Option<Encryption>),
        asked: UnboundedReceiver<Request>,
    ) -> Result<Self, Error> {
        let face = proxy.map(|proxy| proxy.face().clone());
        let admin = Arc::new(Admin::new(services.clone(), face, config.metrics_tenants));
        let hangup = signal(SignalKind::hangup())?;
        Ok(Self { config, source, services, proxy, encryption, admin, hangup, asked })
    }

    /// The face for operators' machines.
    pub fn admin_router(&self) -> Router {
        admin::router(self.admin.clone())
    }

    /// How long what is under way may take at the end.
    pub fn patience(&self) -> Duration {
        self.config.timeouts.drain
    }

    /// Does what is asked until that is the end of the process.
    pub async fn until_ending(&mut self, signals: &mut Signals) -> Ending {
        loop {
            tokio::select! {
                () = signals.next() => return Ending::Now,
                Some(()) = self.hangup.recv() => drop(self.reload()),
                Some(request) = self.asked.recv() => {
                    if let Some(ending) = self.answer(request) {
                        return ending;
                    }
                }
            }
        }
    }

    /// Goes on until all clients have left, or somebody does not want to wait for that any more.
    pub async fn until_deserted(
        &mut self,
        signals: &mut Signals,
        connections: &mut Connections,
        admin: Option<&TcpListener>,
    ) {
        let Some(proxy) = self.proxy else { return };
        tokio::select! {
            () = proxy.deserted() => {}
            () = accept_if_on(connections, admin) => {}
            () = async { while self.until_ending(signals).await != Ending::Now {} } => {}
        }
    }

    fn answer(&mut self, request: Request) -> Option<Ending> {
        match request {
            Request::Settings(answer) => _ = answer.send(self.settings()),
            Request::Reload(answer) => {
                let done = self.reload().map_err(|error| {
                    Refusal::new("F0000", error.to_string())
                        .detail("Nothing has changed.")
                        .hint("Correct it; `tenancy config check` looks at it without a process.")
                });
                let _ = answer.send(done);
            }
            Request::Shutdown => return Some(Ending::Now),
            Request::ShutdownWhenDeserted => return Some(Ending::WhenDeserted),
        }
        None
    }

    fn settings(&self) -> Vec<Setting> {
        let entries = self.config.entries().into_iter();
        let setting = entries.map(|entry| Setting {
            key: entry.key,
            value: entry.value,
            default: entry.default,
            is_reloadable: entry.is_reloadable,
        });
        setting.collect()
    }

    /// Reads the configuration again; gives back the keys that wait for the next start.
    fn reload(&mut self) -> Result<Vec<&'static str>, Error> {
        let read = self.read_again();
        match &read {
            Err(error) => {
                tracing::error!(%error, "configuration not reloaded: nothing has changed")
            }
            Ok(waiting) => {
                for key in waiting {
                    tracing::warn!(key, "a changed key counts from the next start on");
                }
                tracing::info!("configuration reloaded");
            }
        }
        read
    }

    /// All that can fail comes first.
    fn read_again(&mut self) -> Result<Vec<&'static str>, Error> {
        let new = Config::load(&self.source)?;
        let encryption = encryption_again(self.encryption.as_ref(), &self.config, &new)?;
        let waiting = self.config.take_over(&new);
        self.encryption = encryption;
        telemetry::set_level(&self.config);
        self.services.pool.resize(self.config.data.pool_size);
        self.admin.name_tenants(self.config.metrics_tenants);
        if let Some(proxy) = self.proxy {
            let handshake = handshake::settings(&self.config, self.encryption.clone());
            proxy.configure(handshake, postgres::settings(&self.config));
        }
        Ok(waiting)
    }
}
