//! The registry of migrations, through the extension's SQL functions, on one connection.

use super::Error;
use super::command::Command;
use super::crew::Crew;
use super::files::File;
use super::work::connect_patiently;
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::{Client, Config, NoTls, Row};

/// A tenant that lacks a migration.
#[derive(Clone, Debug)]
pub struct Lacking {
    /// Its name.
    pub tenant: String,
    /// Its template.
    pub template: Option<String>,
    /// The first migration that it lacks.
    pub migration: String,
    /// Whether the last attempt failed.
    pub has_failed: bool,
}

/// What is done to each tenant in one go.
#[derive(Clone)]
pub struct Stage {
    /// The last of the migrations, or what the command is called.
    pub upto: String,
    /// All of the migrations, in order.
    pub names: Vec<String>,
    /// How.
    pub way: Way,
}

/// How a stage is done.
#[derive(Clone)]
pub enum Way {
    /// In transactions, several tenants in each.
    Transactions,
    /// A migration that runs outside of a transaction, which is alone.
    Outside,
    /// By a command of another tool.
    Command(Arc<Command>),
}

/// The connection.
pub struct Registry {
    client: Client,
}

/// A connection with the settings that all of ours have.
pub async fn connect(server: &Config, lock_timeout: Duration) -> Result<Client, Error> {
    let client = open(server).await?;
    let timeout = lock_timeout.as_millis();
    client.batch_execute(&format!("SET lock_timeout = {timeout}")).await?;
    Ok(client)
}

/// A connection as it comes.
pub async fn open(server: &Config) -> Result<Client, tokio_postgres::Error> {
    let mut config = server.clone();
    config.application_name("tenancy migrate");
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(async move {
        // Its end shows in what is asked next.
        let _ = connection.await;
    });
    Ok(client)
}

impl Registry {
    /// Connects again when the server has ended the connection.
    pub async fn revive(&mut self, crew: &Crew) -> Result<(), Error> {
        if self.client.is_closed() {
            self.client = connect_patiently(&crew.options, || crew.is_stopped()).await?;
        }
        Ok(())
    }

    /// Connects.
    pub async fn connect(server: &Config, lock_timeout: Duration) -> Result<Self, Error> {
        Ok(Self { client: connect(server, lock_timeout).await? })
    }

    /// Registers files, all or none; the name of the one that tenants get last.
    pub async fn register(
        &mut self,
        files: &[File],
        template: Option<&str>,
    ) -> Result<Option<String>, Error> {
        let (mut names, mut scripts) = (Vec::new(), Vec::new());
        for file in files {
            names.push(file.name.as_str());
            scripts.push(file.script.as_str());
        }
        let query = include_str!("register.sql");
        let row = self.client.query_opt(query, &[&names, &scripts, &template]).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }

    /// The tenants that lack a migration: one query, whatever the size of the fleet.
    pub async fn lacking(&self, upto: Option<&str>) -> Result<Vec<Lacking>, Error> {
        let query = "SELECT tenant, template, migration, state IS NOT DISTINCT FROM 'failed' \
            FROM tenancy.lacking_migrations($1)";
        let rows = self.client.query(query, &[&upto]).await?;
        rows.iter().map(lacking).collect()
    }

    /// The templates that lack a migration.
    pub async fn templates_behind(&self, upto: Option<&str>) -> Result<Vec<String>, Error> {
        let rows = self.client.query(include_str!("templates.sql"), &[&upto]).await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    /// Brings every template through a stage, each migration in a transaction of its own.
    pub async fn migrate_templates(&self, stage: &Stage) -> Result<(), Error> {
        for template in self.templates_behind(Some(&stage.upto)).await? {
            for name in &stage.names {
                let query = "SELECT tenancy.migrate_template($1, $2)";
                self.client.query(query, &[&template, name]).await?;
            }
        }
        Ok(())
    }

    /// What any tenant or template lacks, as stages.
    pub async fn stages(&self, upto: Option<&str>) -> Result<Vec<Stage>, Error> {
        let rows = self.client.query(include_str!("stages.sql"), &[&upto]).await?;
        let mut stages: Vec<Stage> = Vec::new();
        for row in rows {
            let (name, in_transaction): (String, bool) = (row.try_get(0)?, row.try_get(1)?);
            match stages.last_mut() {
                Some(last) if in_transaction && matches!(last.way, Way::Transactions) => {
                    last.names.push(name.clone());
                    last.upto = name;
                }
                _ => {
                    let way = if in_transaction { Way::Transactions } else { Way::Outside };
                    stages.push(Stage { upto: name.clone(), names: vec![name], way });
                }
            }
        }
        Ok(stages)
    }

    /// The tenants on which no command of this name has succeeded, and the status of each.
    pub async fn without(&self, command: Option<&str>) -> Result<Vec<(Lacking, String)>, Error> {
        let rows = self.client.query(include_str!("without.sql"), &[&command]).await?;
        rows.iter().map(|row| Ok((lacking(row)?, row.try_get(4)?))).collect()
    }

    /// Opens a transaction.
    pub async fn begin(&self) -> Result<(), Error> {
        Ok(self.client.batch_execute("BEGIN").await?)
    }

    /// Rolls it back.
    pub async fn roll_back(&self) -> Result<(), Error> {
        Ok(self.client.batch_execute("ROLLBACK").await?)
    }

    /// Migrates one tenant.
    pub async fn migrate_tenant(&self, tenant: &str, upto: &str) -> Result<i32, Error> {
        let query = "SELECT tenancy.migrate_tenant($1, $2)";
        Ok(self.client.query_one(query, &[&tenant, &upto]).await?.try_get(0)?)
    }

    /// Each migration with the number of tenants that have it, failed, or lack it.
    pub async fn counts(&self) -> Result<Vec<(String, [i64; 3])>, Error> {
        let query = "SELECT name, done, failed, lacking FROM tenancy.migrations ORDER BY id";
        let rows = self.client.query(query, &[]).await?;
        let counts =
            |row: &Row| Ok((row.try_get(0)?, [row.try_get(1)?, row.try_get(2)?, row.try_get(3)?]));
        rows.iter().map(counts).collect()
    }

    /// Tenant, SQLSTATE and message of the last attempts that failed.
    pub async fn failures(&self) -> Result<Vec<[String; 3]>, Error> {
        let query = "SELECT tenant, sqlstate, message FROM tenancy.tenant_migrations \
            WHERE state = 'failed' ORDER BY tenant_id";
        let rows = self.client.query(query, &[]).await?;
        rows.iter().map(|row| Ok([row.try_get(0)?, row.try_get(1)?, row.try_get(2)?])).collect()
    }
}

fn lacking(row: &Row) -> Result<Lacking, Error> {
    Ok(Lacking {
        tenant: row.try_get(0)?,
        template: row.try_get(1)?,
        migration: row.try_get(2)?,
        has_failed: row.try_get(3)?,
    })
}
