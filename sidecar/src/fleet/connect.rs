//! Connections of an administrator.

use super::Error;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, NoTls};

/// A connection; closed when it is dropped.
pub struct Connection {
    client: Client,
    task: JoinHandle<()>,
}

impl std::ops::Deref for Connection {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The server's address.
pub fn address(dsn: &str) -> Result<Config, Error> {
    // The parser's own message may quote the text, and with it a password.
    let mut config: Config = dsn.parse().map_err(|_| Error::Address)?;
    config.application_name("tenancy");
    Ok(config)
}

/// Opens a connection. Nothing that the login has set hinders what takes long, or changes how
/// values are written.
pub async fn open(config: &Config) -> Result<Connection, Error> {
    let (client, connection) = config.connect(NoTls).await.map_err(Error::Connect)?;
    let task = tokio::spawn(async move {
        // Whoever waits for an answer is told.
        let _ = connection.await;
    });
    let connection = Connection { client, task };
    connection.batch_execute(include_str!("plain_session.sql")).await?;
    Ok(connection)
}
