//! A database per test, copied from one that has the extension. Knows how to make logins for it;
//! knows nothing of the sidecar.

use crate::cluster::{Cluster, TEMPLATE};
use crate::login::{Login, unique};
use crate::session::Session;

/// A database with the extension in it. Roles belong to the whole server, so their names are
/// unique; tenants' names need not be.
#[derive(Debug)]
pub struct Database<'a> {
    cluster: &'a Cluster,
    name: String,
}

impl Database<'static> {
    /// A database on the shared server.
    pub fn new() -> Database<'static> {
        Database::on(Cluster::shared())
    }
}

impl Default for Database<'static> {
    fn default() -> Self {
        Database::new()
    }
}

impl<'a> Database<'a> {
    /// A database on a server of the test's own.
    pub fn on(cluster: &'a Cluster) -> Database<'a> {
        Database::copy_of(TEMPLATE, cluster)
    }

    /// A database without the extension, and without anything else.
    pub fn empty_on(cluster: &'a Cluster) -> Database<'a> {
        Database::copy_of("template0", cluster)
    }

    fn copy_of(template: &str, cluster: &'a Cluster) -> Database<'a> {
        let name = unique("db");
        cluster.superuser_sql("postgres", &format!("CREATE DATABASE {name} TEMPLATE {template}"));
        Database { cluster, name }
    }

    /// The database's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The server it lives on.
    pub fn cluster(&self) -> &'a Cluster {
        self.cluster
    }

    /// A new login that is a member of these roles and of nothing else. Without any, it is what an
    /// application logs in as.
    pub fn login(&self, member_of: &[&str]) -> Login {
        let login = Login::new(&self.name, self.cluster);
        let memberships = match member_of {
            [] => String::new(),
            roles => format!(" IN ROLE {}", roles.join(", ")),
        };
        self.superuser_sql(&format!(
            "CREATE ROLE {} LOGIN PASSWORD '{}'{memberships}",
            login.name(),
            login.password()
        ));
        login
    }

    /// A session of a new login that is a member of these roles.
    pub async fn session(&self, member_of: &[&str]) -> Session {
        self.login(member_of).connect().await
    }

    /// A session that may call the lifecycle functions.
    pub async fn admin(&self) -> Session {
        self.session(&["tenancy_admin"]).await
    }

    /// A superuser's session: for set-up and for looking behind the scenes, never for acting.
    pub async fn superuser(&self) -> Session {
        let mut config = tokio_postgres::Config::new();
        config.host_path(self.cluster.socket()).port(self.cluster.port());
        config.user("postgres").dbname(&self.name);
        Session::open(&config).await
    }

    /// SQL as the superuser in this database, for set-up; returns what psql prints.
    pub fn superuser_sql(&self, sql: &str) -> String {
        self.cluster.superuser_sql(&self.name, sql)
    }
}

impl Drop for Database<'_> {
    fn drop(&mut self) {
        // What a failed test left is kept until the server goes; the output names the database.
        if !std::thread::panicking() {
            let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
            let _ = self.cluster.command("psql").args(["-X", "-q", "-c", &drop]).output();
        }
    }
}
