//! The command line. The only module that starts the others.

mod migrate;

use crate::config::{Config, Source};
use crate::error::Error;
use crate::fleet::{self, Export, Import};
use crate::{server, telemetry};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  tenancy config check --config tenancy.toml
      Check a configuration; nothing is opened or connected to.
  tenancy serve --config tenancy.toml
      Serve. The first line on standard output names the addresses:
      tenancy listening http=127.0.0.1:8080 postgres=127.0.0.1:6432 admin=127.0.0.1:9930
  TENANCY_DATA_PASSWORD=... tenancy serve --config tenancy.toml --set listen.http=127.0.0.1:0
      The same with a password from the environment, on a free port.
  curl http://127.0.0.1:8080/sql --user login:password \\
      -H 'Host: acme.shop.example' -H 'Content-Type: application/json' \\
      -d '{\"query\": \"SELECT $1::int + 1 AS n\", \"params\": [41]}'
      Ask a tenant that is found by its hostname.
  psql postgres://login:password@127.0.0.1:6432/acme
      The same with any client of PostgreSQL: the database is the tenant.";

const EXPORT_EXAMPLES: &str = "\
Examples:
  tenancy export acme -o acme.tar.zst --dsn postgresql://backup@127.0.0.1/app
      Structure, rows, sequences, large objects and what the registry holds, as of one moment.
      The login is a member of tenancy_admin and may read all tables: a superuser, or
      CREATE ROLE backup LOGIN BYPASSRLS IN ROLE tenancy_admin, tenancy_bypass, pg_read_all_data.
  tenancy export acme -o - | ssh vault 'cat > acme.tar.zst'
      To standard output. What was cut off is refused when it is imported.
  tar --zstd -tf acme.tar.zst
      What is in an archive.";

const IMPORT_EXAMPLES: &str = "\
Examples:
  tenancy import acme.tar.zst --dsn postgresql://alice@127.0.0.1/app
      Make the tenant again under its name. The login is a member of tenancy_admin.
  tenancy import acme.tar.zst --as acme-staging
      Make it beside the original. All that the archive holds runs as the new tenant's owner role.
  tenancy import acme.tar.zst
      After an interruption: go on where the import stopped. To give it up:
      SELECT tenancy.drop('acme').";

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
    /// Write a tenant to an archive
    #[command(after_help = EXPORT_EXAMPLES)]
    Export(ExportArguments),
    /// Make a tenant from an archive
    #[command(after_help = IMPORT_EXAMPLES)]
    Import(ImportArguments),
    /// Work with the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Migrate the fleet
    #[command(subcommand, after_help = migrate::EXAMPLES)]
    Migrate(migrate::Migrate),
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Check the configuration and its certificates without opening a port or a connection
    #[command(after_help = EXAMPLES)]
    Check(Configuration),
}

#[derive(Args)]
struct Administration {
    /// Address of the server with an administrator's login, as libpq takes it
    #[arg(long, value_name = "DSN", env = "TENANCY_ADMIN_DSN", hide_env_values = true)]
    dsn: String,
    /// Connections that copy rows at the same time
    #[arg(long, short, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: u16,
}

#[derive(Args)]
struct ExportArguments {
    /// The tenant's name
    tenant: String,
    /// The archive to write, which must not be there; - is standard output
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    administration: Administration,
}

#[derive(Args)]
struct ImportArguments {
    /// The archive; - is standard input
    archive: PathBuf,
    /// Another name for the tenant
    #[arg(long = "as", value_name = "NAME")]
    name: Option<String>,
    /// Have the tenant's hostnames lead to it; they must be free
    #[arg(long)]
    with_domains: bool,
    /// Leave the tenant verified and out of service
    #[arg(long)]
    no_activate: bool,
    #[command(flatten)]
    administration: Administration,
}

#[derive(Args)]
struct Configuration {
    /// The TOML file; every key is explained in tenancy.example.toml
    #[arg(long, value_name = "FILE", env = "TENANCY_CONFIG")]
    config: Option<PathBuf>,
    /// Address of the HTTP face, such as 127.0.0.1:8080; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS")]
    listen_http: Option<String>,
    /// Address of the PostgreSQL face, such as 127.0.0.1:6432; port 0 takes a free one, "off" has none
    #[arg(long, value_name = "ADDRESS")]
    listen_postgres: Option<String>,
    /// A key of the configuration, such as timeouts.request=10s (repeatable)
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    set: Vec<(String, String)>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("KEY=VALUE is expected")?;
    Ok((key.trim().to_owned(), value.to_owned()))
}

impl Configuration {
    fn source(self) -> Source {
        let mut flags = self.set;
        flags.extend(self.listen_http.map(|address| ("listen.http".to_owned(), address)));
        flags.extend(self.listen_postgres.map(|address| ("listen.postgres".to_owned(), address)));
        // Names and values that are not text are none of ours.
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Source { file: self.config, environment, flags }
    }
}

impl Cli {
    /// Does what the command line says.
    pub fn run(self) -> Result<(), Error> {
        match self.command {
            Command::Serve(configuration) => {
                let source = configuration.source();
                let config = Config::load(&source)?;
                telemetry::start(&config);
                let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
                let outcome = runtime.block_on(server::serve(config, source));
                // A password check cannot be interrupted, and nobody waits for its outcome.
                runtime.shutdown_background();
                outcome
            }
            Command::Export(arguments) => {
                let output = arguments.output.clone();
                let length = blocking(fleet::export(arguments.into()))?;
                if output.as_os_str() != fleet::STANDARD_STREAM {
                    println!("exported {} ({length} bytes)", output.display());
                }
                Ok(())
            }
            Command::Import(arguments) => {
                let name = blocking(fleet::import(arguments.into()))?;
                println!("imported {name}");
                Ok(())
            }
            Command::Migrate(command) => blocking(command.run()),
            Command::Config(ConfigCommand::Check(configuration)) => {
                let config = Config::load(&configuration.source())?;
                let encryption = server::encryption(&config)?;
                println!("the configuration is valid");
                println!("http: {}", config.listen_http);
                println!("postgres: {}", postgres(&config, encryption.is_some()));
                println!("data: {:?}", config.data.dsn);
                println!("registry: {:?}", config.registry.dsn);
                Ok(())
            }
        }
    }
}

/// Where the PostgreSQL face listens, and how.
fn postgres(config: &Config, has_tls: bool) -> String {
    match (config.postgres.listen, has_tls) {
        (None, _) => "off".to_owned(),
        (Some(address), true) => format!("{address} (TLS)"),
        (Some(address), false) => address.to_string(),
    }
}

/// Runs a command on tenants to its end.
fn blocking<T, E>(work: impl Future<Output = Result<T, E>>) -> Result<T, Error>
where
    Error: From<E>,
{
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    Ok(runtime.block_on(work)?)
}

impl From<ExportArguments> for Export {
    fn from(arguments: ExportArguments) -> Self {
        let ExportArguments { tenant, output, administration: Administration { dsn, jobs } } =
            arguments;
        Self { tenant, output, dsn, jobs: jobs.into() }
    }
}

impl From<ImportArguments> for Import {
    fn from(arguments: ImportArguments) -> Self {
        let Administration { dsn, jobs } = arguments.administration;
        Self {
            archive: arguments.archive,
            name: arguments.name,
            dsn,
            jobs: jobs.into(),
            with_domains: arguments.with_domains,
            activate: !arguments.no_activate,
        }
    }
}
