//! The command line. The only module that starts the others.

use crate::config::{Config, Source};
use crate::error::Error;
use crate::{server, telemetry};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  tenancy config check --config tenancy.toml
      Check a configuration; nothing is opened or connected to.
  tenancy serve --config tenancy.toml
      Serve. The first line on standard output names the address:
      tenancy listening http=127.0.0.1:8080
  TENANCY_DATA_PASSWORD=... tenancy serve --config tenancy.toml --set listen.http=127.0.0.1:0
      The same with a password from the environment, on a free port.
  curl http://127.0.0.1:8080/sql --user login:password \\
      -H 'Host: acme.shop.example' -H 'Content-Type: application/json' \\
      -d '{\"query\": \"SELECT $1::int + 1 AS n\", \"params\": [41]}'
      Ask a tenant that is found by its hostname.";

/// Schema-per-tenant for PostgreSQL: from a hostname to a tenant's rows
#[derive(Parser)]
#[command(name = "tenancy", version, after_help = EXAMPLES)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve SQL over HTTP until SIGTERM or SIGINT
    #[command(after_help = EXAMPLES)]
    Serve(Configuration),
    /// Work with the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Check the configuration without opening a port or a connection
    #[command(after_help = EXAMPLES)]
    Check(Configuration),
}

#[derive(Args)]
struct Configuration {
    /// The TOML file; every key is explained in tenancy.example.toml
    #[arg(long, value_name = "FILE", env = "TENANCY_CONFIG")]
    config: Option<PathBuf>,
    /// Address of the HTTP face, such as 127.0.0.1:8080; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS")]
    listen_http: Option<String>,
    /// A key of the configuration, such as timeouts.request=10s (repeatable)
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    set: Vec<(String, String)>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("KEY=VALUE is expected")?;
    Ok((key.trim().to_owned(), value.to_owned()))
}

impl Configuration {
    fn load(self) -> Result<Config, Error> {
        let mut flags = self.set;
        flags.extend(self.listen_http.map(|address| ("listen.http".to_owned(), address)));
        // Names and values that are not text are none of ours.
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Ok(Config::load(&Source { file: self.config, environment, flags })?)
    }
}

impl Cli {
    /// Does what the command line says.
    pub fn run(self) -> Result<(), Error> {
        match self.command {
            Command::Serve(configuration) => {
                let config = configuration.load()?;
                telemetry::start(&config);
                let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
                let outcome = runtime.block_on(server::serve(config));
                // A password check cannot be interrupted, and nobody waits for its outcome.
                runtime.shutdown_background();
                outcome
            }
            Command::Config(ConfigCommand::Check(configuration)) => {
                let config = configuration.load()?;
                println!("the configuration is valid");
                println!("http: {}", config.listen_http);
                println!("data: {:?}", config.data.dsn);
                println!("registry: {:?}", config.registry.dsn);
                Ok(())
            }
        }
    }
}
