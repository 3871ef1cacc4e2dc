//! The PostgreSQL face, built from the configuration.

use super::handshake;
use crate::config::Config;
use crate::error::Error;
use crate::http::Services;
use crate::pool::LinkSettings;
use crate::proxy::handshake::{Encryption, Handshake};
use crate::proxy::{Limits, Proxy, Requests, Settings};
use tokio::net::TcpListener;

/// Starts its threads.
pub fn start(
    config: &Config,
    services: &Services,
    encryption: Option<Encryption>,
    requests: Requests,
) -> Result<Proxy, Error> {
    // One for the process: it counts.
    let handshake =
        Handshake::new(services.admission.clone(), handshake::settings(config, encryption));
    Ok(Proxy::start(handshake, services.admission.clone(), settings(config), requests)?)
}

/// How the face behaves.
pub fn settings(config: &Config) -> Settings {
    let postgres = &config.postgres;
    Settings {
        threads: postgres.threads,
        clients: postgres.clients,
        limits: Limits {
            clients: postgres.clients_per_tenant,
            transactions_per_second: postgres.transactions_per_second,
        },
        peer_id: postgres.peer_id,
        peers: postgres.peers.clone(),
        links: links(config),
    }
}

/// Each thread has its part, rounded up: a tenant's share may be one.
fn links(config: &Config) -> LinkSettings {
    let postgres = &config.postgres;
    let part = |whole: usize| whole.div_ceil(postgres.threads);
    LinkSettings {
        address: super::server_address(&config.data.dsn),
        // A new size may be less than the threads that were started for the old one.
        size: (postgres.pool_size / postgres.threads).max(1),
        size_per_tenant: part(postgres.pool_size_per_tenant),
        queue_per_tenant: part(postgres.queue_per_tenant),
        patience: config.timeouts.checkout,
        connect_timeout: config.timeouts.connect,
        lifetime: config.data_lifetime,
        most_tenants: postgres.recycle_tenants,
        statements: postgres.prepared_statements,
    }
}

/// Accepts clients until it is dropped; where the face is off, that is all it does.
pub async fn accept(listener: Option<&TcpListener>, proxy: Option<&Proxy>) {
    match (listener, proxy) {
        (Some(listener), Some(proxy)) => proxy.accept(listener).await,
        _ => std::future::pending().await,
    }
}
