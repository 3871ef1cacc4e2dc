//! Log lines to standard error, for people or as JSON. What is logged is decided where it
//! happens; never a password, a seal, a query or a parameter.

use crate::config::{Config, LogFormat};
use tracing_subscriber::EnvFilter;

/// Starts the log. A second call in one process changes nothing.
pub fn start(config: &Config) {
    // The configuration check has parsed the same text.
    let filter = EnvFilter::try_new(&config.log_level).unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match config.log_format {
        LogFormat::Text => log.with_ansi(false).try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    };
    // Only tests start it twice.
    drop(started);
}
