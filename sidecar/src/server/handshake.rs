//! The start of a client's connection to the PostgreSQL face, built from the configuration.

use crate::admission::Admission;
use crate::config::{CertificateFiles, Config};
use crate::proxy::handshake::{Encryption, Handshake, Settings};
use crate::tls::{self, Certificates};
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};

/// The certificates for clients, and whether they must have TLS. Reads the files, so that a configuration
/// is found wrong before it is used.
pub fn encryption(config: &Config) -> Result<Option<Encryption>, tls::Error> {
    let Some(tls) = &config.postgres.tls else { return Ok(None) };
    let source = match &tls.certificates {
        CertificateFiles::Named(pairs) => tls::Source::Files(pairs.clone()),
        CertificateFiles::Directory(path) => tls::Source::Directory(path.clone()),
    };
    let certificates = Arc::new(Certificates::load(source)?);
    Ok(Some(Encryption { certificates, is_required: tls.is_required }))
}

/// What decides on connections to the PostgreSQL face. One for the process: it counts.
pub fn handshake(
    config: &Config,
    admission: Arc<Admission>,
    encryption: Option<Encryption>,
) -> Handshake {
    let postgres = &config.postgres;
    let settings = Settings {
        encryption,
        patience: config.timeouts.login,
        database: config.data.dsn.database().to_owned(),
        session_logins: postgres.session_logins.clone(),
        admin_logins: postgres.admin_logins.clone(),
        ignored_parameters: postgres.ignore_startup_parameters.clone(),
        failures_per_minute: config.limits.login_failures_per_minute,
    };
    Handshake::new(admission, settings)
}

/// Reads the certificates anew at each SIGHUP, for as long as the process runs.
pub async fn reload_at_hangup(certificates: Arc<Certificates>) {
    let mut hangup = match signal(SignalKind::hangup()) {
        Ok(hangup) => hangup,
        Err(error) => return tracing::error!(%error, "SIGHUP will not reload certificates"),
    };
    while hangup.recv().await.is_some() {
        match certificates.reload() {
            Ok(()) => tracing::info!("certificates reloaded"),
            Err(error) => tracing::error!(%error, "certificates not reloaded: the old ones stay"),
        }
    }
}
