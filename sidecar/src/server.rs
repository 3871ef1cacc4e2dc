//! `tenancy serve`: builds the parts from the configuration, runs the faces, and ends them.
//! The one module that knows all others.

mod connections;
mod handshake;
mod operations;
mod postgres;
mod registry;

pub use handshake::encryption;

use crate::admission::Admission;
use crate::config::{Authentication, Config, Dsn, Source};
use crate::control::{self, Control, Event};
use crate::error::Error;
use crate::http::{self, Services};
use crate::pool::{self, Address, Endpoint, ServerPool};
use crate::resolve::{self, Hint, Resolver};
use crate::shutdown::Signals;
use connections::Connections;
use operations::{Ending, Operations};
use registry::ControlRegistry;
use std::io::Write;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

/// Time for requests that were cancelled at the end to tell their clients.
const CANCEL_PATIENCE: Duration = Duration::from_secs(3);

/// Binds, says where on standard output, serves until it is told to end, and drains. The configuration
/// comes from `source`, which is read again on request.
pub async fn serve(config: Config, source: Source) -> Result<(), Error> {
    let mut signals = Signals::listen()?;
    let services = Arc::new(services(&config)?);
    let http = bind(config.listen_http).await?;
    let admin = bind_if_on(config.listen_admin).await?;
    let (requests, asked) = mpsc::unbounded_channel();
    let encryption = encryption(&config)?;
    let listener = bind_if_on(config.postgres.listen).await?;
    let proxy = match &listener {
        Some(_) => Some(postgres::start(&config, &services, encryption.clone(), requests)?),
        None => None,
    };
    announce(&http, listener.as_ref(), admin.as_ref())?;
    let notifications =
        tokio::spawn(follow_registry(services.clone(), config.registry.dsn.clone()));
    let running = (proxy.as_ref(), encryption);
    let mut operations = Operations::new((config, source), services.clone(), running, asked)?;
    let mut connections = Connections::new(http::router(services.clone()));
    let mut admin_connections = Connections::new(operations.admin_router());
    let ending = tokio::select! {
        () = connections.accept(&http) => Ending::Now,
        () = postgres::accept(listener.as_ref(), proxy.as_ref()) => Ending::Now,
        () = accept_if_on(&mut admin_connections, admin.as_ref()) => Ending::Now,
        ending = operations.until_ending(&mut signals) => ending,
    };
    tracing::info!("stopping: no new connections");
    drop((http, listener));
    if ending == Ending::WhenDeserted {
        operations.until_deserted(&mut signals, &mut admin_connections, admin.as_ref()).await;
    }
    let patience = operations.patience();
    drop(admin);
    tokio::spawn(signals.exit_at_next());
    let drain_postgres = async {
        if let Some(proxy) = proxy {
            proxy.drain(patience).await;
        }
    };
    tokio::join!(drain_http(connections, &services, patience), drain_postgres);
    notifications.abort();
    services.pool.close();
    tracing::info!("stopped");
    Ok(())
}

async fn bind_if_on(address: Option<SocketAddr>) -> Result<Option<TcpListener>, Error> {
    match address {
        Some(address) => bind(address).await.map(Some),
        None => Ok(None),
    }
}

async fn accept_if_on(connections: &mut Connections, listener: Option<&TcpListener>) {
    match listener {
        Some(listener) => connections.accept(listener).await,
        None => std::future::pending().await,
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address).await.map_err(|source| Error::Listen { address, source })
}

async fn drain_http(connections: Connections, services: &Services, patience: Duration) {
    let mut drain = pin!(connections.drain());
    if tokio::time::timeout(patience, drain.as_mut()).await.is_err() {
        tracing::warn!("requests are still under way at the end of timeouts.drain: cancelled");
        services.stop();
        // A client that does not read its answer is not waited for.
        let _ = tokio::time::timeout(CANCEL_PATIENCE, drain).await;
    }
}

/// The one line on standard output. Logs go to standard error, so that whoever starts us with
/// port 0 can read the ports from the first line.
fn announce(
    http: &TcpListener,
    postgres: Option<&TcpListener>,
    admin: Option<&TcpListener>,
) -> Result<(), Error> {
    let mut faces = String::new();
    for (name, listener) in [("http", Some(http)), ("postgres", postgres), ("admin", admin)] {
        if let Some(listener) = listener {
            faces += &format!(" {name}={}", listener.local_addr()?);
        }
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "tenancy listening{faces}")?;
    out.flush()?;
    tracing::info!("listening on{faces}, version {}", env!("CARGO_PKG_VERSION"));
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
