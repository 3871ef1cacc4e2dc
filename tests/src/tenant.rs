//! Tenants to play with: made by an administrator, used by an application's login. Knows the SQL
//! functions of the extension and nothing of the sidecar.

use crate::database::Database;
use crate::login::Login;
use crate::session::Session;

/// What each tenant made here is made of.
pub const NOTES: &str = "
    CREATE TABLE note (
        id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        body text NOT NULL
    );
    CREATE VIEW note_count AS SELECT count(*) AS notes FROM note;
";

/// Tenants of one database, each with a table `note` that holds one row: the tenant's own name.
pub struct Tenants {
    /// May call the lifecycle functions.
    pub admin: Session,
    /// May enter every tenant, sealed.
    pub application: Login,
}

impl Tenants {
    /// Makes these tenants, with `<name>.example.com` leading to each.
    pub async fn create(database: &Database<'_>, names: &[&str]) -> Tenants {
        let admin = database.admin().await;
        let application = database.login(&[]);
        admin
            .run(&format!("SELECT tenancy.register_template('notes', $notes${NOTES}$notes$)"))
            .await;
        admin.run(&format!("SELECT tenancy.grant_login('{}', '*')", application.name())).await;
        let tenants = Tenants { admin, application };
        for name in names {
            tenants.add(name).await;
        }
        tenants
    }

    /// Makes one more of the same kind.
    pub async fn add(&self, name: &str) {
        let create = format!(
            "SELECT tenancy.create('{name}', template => 'notes', domain => '{name}.example.com')"
        );
        self.admin.run(&create).await;
        let member = self.enter(name).await;
        member.run(&format!("INSERT INTO note (body) VALUES ('{name}')")).await;
    }

    /// A session of the application in one tenant; its seal is thrown away.
    pub async fn enter(&self, name: &str) -> Session {
        let session = self.application.connect().await;
        session.run(&format!("SELECT tenancy.enter('{name}')")).await;
        session
    }

    /// A session of the application in one tenant, sealed with this key.
    pub async fn enter_with(&self, name: &str, seal: &str) -> Session {
        let session = self.application.connect().await;
        session.run(&format!("SELECT tenancy.enter('{name}', '{seal}')")).await;
        session
    }

    /// A new login of a migration tool: may enter every tenant, sealed, as its owner too.
    pub async fn migrator(&self, database: &Database<'_>) -> Login {
        let migrator = database.login(&["tenancy_migrator"]);
        self.admin.run(&format!("SELECT tenancy.grant_login('{}', '*')", migrator.name())).await;
        migrator
    }

    /// A session of such a login in one tenant as its owner; its seal is thrown away.
    pub async fn enter_as_owner(&self, database: &Database<'_>, name: &str) -> Session {
        let session = self.migrator(database).await.connect().await;
        session.run(&format!("SELECT tenancy.enter('{name}', \"as\" => 'owner')")).await;
        session
    }

    /// What the administrator sees of a tenant in one column of the view `tenants`.
    pub async fn column(&self, name: &str, column: &str) -> String {
        self.admin
            .text(&format!("SELECT {column} FROM tenancy.tenants WHERE name = '{name}'"))
            .await
    }
}
