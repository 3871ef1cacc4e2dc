//! The start of a client's connection to the PostgreSQL face, built from the configuration.

use crate::config::{CertificateFiles, Config};
use crate::proxy::handshake::{Encryption, Settings};
use crate::tls::{self, Certificates};
use std::sync::Arc;

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

/// The same after the configuration was read again. Certificates of the same files are read again in
/// place; when that fails the old ones stay.
pub fn encryption_again(
    current: Option<&Encryption>,
    old: &Config,
    new: &Config,
) -> Result<Option<Encryption>, tls::Error> {
    match current {
        Some(encryption) if old.postgres.tls == new.postgres.tls => {
            encryption.certificates.reload()?;
            Ok(Some(encryption.clone()))
        }
        _ => encryption(new),
    }
}

/// What connections to the PostgreSQL face may do at their start.
pub fn settings(config: &Config, encryption: Option<Encryption>) -> Settings {
    let postgres = &config.postgres;
    Settings {
        encryption,
        patience: config.timeouts.login,
        database: config.data.dsn.database().to_owned(),
        session_logins: postgres.session_logins.clone(),
        admin_logins: postgres.admin_logins.clone(),
        ignored_parameters: postgres.ignore_startup_parameters.clone(),
        failures_per_minute: config.limits.login_failures_per_minute,
    }
}
