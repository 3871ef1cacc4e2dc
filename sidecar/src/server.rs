//! `tenancy serve`: builds the parts from the configuration, runs the faces, and ends them.
//! The one module that knows all others.

mod connections;
mod registry;

use crate::admission::Admission;
use crate::config::{Authentication, Config, Dsn};
use crate::control::{self, Control, Event};
use crate::error::Error;
use crate::http::{self, Services};
use crate::pool::{self, Address, Endpoint, ServerPool};
use crate::resolve::{self, Hint, Resolver};
use crate::shutdown::Signals;
use connections::Connections;
use registry::ControlRegistry;
use std::io::Write;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Time for requests that were cancelled at the end to tell their clients.
const CANCEL_PATIENCE: Duration = Duration::from_secs(3);

/// Binds, says where on standard output, serves until a signal comes, and drains.
pub async fn serve(config: Config) -> Result<(), Error> {
    let mut signals = Signals::listen()?;
    let services = Arc::new(services(&config)?);
    let address = config.listen_http;
    let listener =
        TcpListener::bind(address).await.map_err(|source| Error::Listen { address, source })?;
    announce(&listener)?;
    let notifications =
        tokio::spawn(follow_registry(services.clone(), config.registry.dsn.clone()));
    let mut connections = Connections::new(http::router(services.clone()));
    tokio::select! {
        () = connections.accept(&listener) => {}
        () = signals.next() => tracing::info!("stopping: no new connections"),
    }
    drop(listener);
    tokio::spawn(signals.exit_at_next());
    notifications.abort();
    let mut drain = pin!(connections.drain());
    if tokio::time::timeout(config.timeouts.drain, drain.as_mut()).await.is_err() {
        tracing::warn!("requests are still under way at the end of timeouts.drain: cancelled");
        services.stop();
        // A client that does not read its answer is not waited for.
        let _ = tokio::time::timeout(CANCEL_PATIENCE, drain).await;
    }
    services.pool.close();
    tracing::info!("stopped");
    Ok(())
}

/// The one line on standard output. Logs go to standard error, so that whoever starts us with
/// port 0 can read the port from the first line.
fn announce(listener: &TcpListener) -> Result<(), Error> {
    let address = listener.local_addr()?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "tenancy listening http={address}")?;
    out.flush()?;
    tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), "listening for HTTP");
    Ok(())
}

fn services(config: &Config) -> Result<Services, Error> {
    let registry = config.registry.dsn.to_postgres_config();
    let control = Control::new(registry, config.registry.pool_size, config.timeouts.connect)?;
    let routes = resolve::Settings {
        cache_size: config.routes.cache_size,
        ttl: config.routes.ttl,
        negative_ttl: config.routes.negative_ttl,
    };
    let registry = Arc::new(ControlRegistry(control.clone()));
    let authenticate = config.authentication == Authentication::Password;
    if !authenticate {
        tracing::warn!("authentication is off: whoever reaches this port reaches every tenant");
    }
    let resolver = Resolver::new(registry, config.base_domains.clone(), routes);
    let ttl = config.password_cache_ttl;
    Ok(Services {
        admission: Arc::new(Admission::new(resolver, control, authenticate, ttl)),
        pool: server_pool(config)?,
        settings: http::Settings {
            tenant_header: config.tenant_header.clone(),
            trusted_proxies: config.trusted_proxies.clone(),
            body_bytes: config.limits.body_bytes,
            result_bytes: config.limits.result_bytes,
            request_timeout: config.timeouts.request,
        },
        stop: watch::Sender::new(false),
    })
}

fn server_pool(config: &Config) -> Result<ServerPool, pool::Error> {
    ServerPool::new(pool::Settings {
        address: server_address(&config.data.dsn),
        size: config.data.pool_size,
        checkout_timeout: config.timeouts.checkout,
        connect_timeout: config.timeouts.connect,
        lifetime: config.data_lifetime,
        result_limit: config.limits.result_bytes,
    })
}

fn server_address(dsn: &Dsn) -> Address {
    let endpoint = match (dsn.socket(), dsn.host()) {
        (Some(socket), _) => Endpoint::Unix(socket),
        (None, host) => Endpoint::Tcp(host.unwrap_or("127.0.0.1").to_owned(), dsn.port()),
    };
    Address {
        endpoint,
        user: dsn.user().to_owned(),
        database: dsn.database().to_owned(),
        password: dsn.password(),
    }
}

async fn follow_registry(services: Arc<Services>, dsn: Dsn) {
    control::listen(dsn.to_postgres_config(), |event| {
        let hint = match &event {
            Event::Listening => Hint::Everything,
            Event::Payload(payload) => Hint::parse(payload),
        };
        tracing::debug!(?event, "registry");
        services.admission.resolver().hint(hint);
    })
    .await;
}
