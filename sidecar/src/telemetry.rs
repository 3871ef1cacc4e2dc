//! Log lines to standard error, for people or as JSON. What is logged is decided where it
//! happens; never a password, a seal, a query or a parameter.

use crate::config::{Config, LogFormat};
use std::sync::OnceLock;
use tracing_subscriber::EnvFilter;

/// Puts another filter into the log that was started.
static SET_FILTER: OnceLock<Box<dyn Fn(EnvFilter) + Send + Sync>> = OnceLock::new();

/// Starts the log. A second call in one process changes nothing.
pub fn start(config: &Config) {
    let log = || {
        let log = tracing_subscriber::fmt().with_env_filter(filter(&config.log_level));
        log.with_writer(std::io::stderr)
    };
    // Only tests start it twice.
    match config.log_format {
        LogFormat::Text => {
            let log = log().with_ansi(false).with_filter_reloading();
            let handle = log.reload_handle();
            let _ = SET_FILTER.set(Box::new(move |filter| _ = handle.reload(filter)));
            let _ = log.try_init();
        }
        LogFormat::Json => {
            let log = log().json().flatten_event(true).with_filter_reloading();
            let handle = log.reload_handle();
            let _ = SET_FILTER.set(Box::new(move |filter| _ = handle.reload(filter)));
            let _ = log.try_init();
        }
    }
}

/// From now on these lines are logged.
pub fn set_level(config: &Config) {
    if let Some(set_filter) = SET_FILTER.get() {
        set_filter(filter(&config.log_level));
    }
}

fn filter(level: &str) -> EnvFilter {
    // The configuration check has parsed the same text.
    EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"))
}
