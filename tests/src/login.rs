//! Logins with a name and a password of their own, and unique names.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::cluster::Cluster;
use crate::database::Database;
use crate::session::Session;

static NEXT: AtomicU32 = AtomicU32::new(1);

/// A name that no other test uses, of this process or another.
pub fn unique(prefix: &str) -> String {
    format!("{prefix}_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A login of one database.
#[derive(Clone, Debug)]
pub struct Login {
    name: String,
    password: String,
    database: String,
    port: u16,
}

impl Login {
    /// Names and a password only; [`crate::database::Database::login`] makes the role as well.
    pub(crate) fn new(database: &str, cluster: &Cluster) -> Login {
        Login {
            name: unique("login"),
            password: unique("secret"),
            database: database.to_owned(),
            port: cluster.port(),
        }
    }

    /// The role's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The role's password.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The database it was made for.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The server's port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The same role and password in another database, as one restored from a dump.
    pub fn at(&self, database: &Database<'_>) -> Login {
        let port = database.cluster().port();
        Login { database: database.name().to_owned(), port, ..self.clone() }
    }

    /// The same login, which asks for another database by its name.
    pub fn in_database(&self, name: &str) -> Login {
        Login { database: name.to_owned(), ..self.clone() }
    }

    /// For a configuration file or a driver of another language.
    pub fn dsn(&self) -> String {
        self.dsn_at(&format!("127.0.0.1:{}", self.port))
    }

    /// The same login at another host: what Neon's driver sends to name the tenant.
    pub fn dsn_at(&self, host: &str) -> String {
        format!("postgres://{}:{}@{host}/{}", self.name, self.password, self.database)
    }

    /// For tokio-postgres.
    pub fn config(&self) -> tokio_postgres::Config {
        let mut config = tokio_postgres::Config::new();
        config.host("127.0.0.1").port(self.port).dbname(&self.database);
        config.user(&self.name).password(&self.password);
        config
    }

    /// A session; panics when the server refuses.
    pub async fn connect(&self) -> Session {
        Session::open(&self.config()).await
    }
}
