//! The PostgreSQL face, built from the configuration.

use super::handshake::{encryption, handshake, reload_at_hangup};
use crate::config::Config;
use crate::error::Error;
use crate::http::Services;
use crate::pool::LinkSettings;
use crate::proxy::{Limits, Proxy, Settings};
use tokio::net::TcpListener;

/// Starts its threads.
pub fn start(config: &Config, services: &Services) -> Result<Proxy, Error> {
    let postgres = &config.postgres;
    let encryption = encryption(config)?;
    if let Some(encryption) = &encryption {
        tokio::spawn(reload_at_hangup(encryption.certificates.clone()));
    }
    let handshake = handshake(config, services.admission.clone(), encryption);
    let settings = Settings {
        threads: postgres.threads,
        clients: postgres.clients,
        limits: Limits {
            clients: postgres.clients_per_tenant,
            transactions_per_second: postgres.transactions_per_second,
        },
        links: links(config),
    };
    Ok(Proxy::start(handshake, services.admission.clone(), settings)?)
}

/// Each thread has its part, rounded up: a tenant's share may be one.
fn links(config: &Config) -> LinkSettings {
    let postgres = &config.postgres;
    let part = |whole: usize| whole.div_ceil(postgres.threads);
    LinkSettings {
        address: super::server_address(&config.data.dsn),
        size: postgres.pool_size / postgres.threads,
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
pub async fn accept(face: Option<&(TcpListener, Proxy)>) {
    match face {
        Some((listener, proxy)) => proxy.accept(listener).await,
        None => std::future::pending().await,
    }
}
