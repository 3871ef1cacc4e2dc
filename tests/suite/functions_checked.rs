//! PostgreSQL's own functions inside a tenant: none of them shows or reaches another tenant, and
//! what applications use of them works. Each attempt is made on an object of another tenant and on
//! one that does not exist, and both have to be answered alike.

mod activity;
mod decided;
mod hidden;
mod input_output;
mod keys;
mod messages;
mod ordinary;
mod refused;
mod sources;
mod values;

use tenancy_tests::database::Database;
use tenancy_tests::session::Session;
use tenancy_tests::tenant::Tenants;
use tenancy_tests::wire::Wire;

/// Two tenants with schemas and objects of known names, and a session of the first.
struct Scene {
    _database: Database<'static>,
    tenants: Tenants,
    superuser: Session,
    acme: Session,
}

impl Scene {
    async fn new() -> Scene {
        let database = Database::new();
        let tenants = Tenants::create(&database, &[]).await;
        for name in ["acme", "globex"] {
            let create =
                format!("SELECT tenancy.create('{name}', template => 'notes', schema => '{name}')");
            tenants.admin.run(&create).await;
        }
        let superuser = database.superuser().await;
        for name in ["acme", "globex"] {
            superuser
                .run(&format!(
                    "CREATE FUNCTION {name}.f(integer) RETURNS integer LANGUAGE sql AS 'SELECT $1';
                     CREATE TYPE {name}.mood AS ENUM ('well');
                     CREATE INDEX ON {name}.note (body)"
                ))
                .await;
        }
        let acme = tenants.enter("acme").await;
        Scene { _database: database, tenants, superuser, acme }
    }

    /// The first tenant on the bare protocol.
    async fn wire(&self) -> Wire {
        let mut wire = Wire::connect(&self.tenants.application).await;
        wire.query("SELECT tenancy.enter('acme')").await.unwrap();
        wire
    }

    /// A number that the superuser reads, such as an OID of another tenant's object.
    async fn oid(&self, expression: &str) -> String {
        self.superuser.text(&format!("SELECT ({expression})::oid")).await
    }

    /// What a query answers in the tenant: its rows, or SQLSTATE and message.
    async fn answer(&self, query: &str) -> String {
        match self.acme.simple_query(query).await {
            Ok(_) => format!("{:?}", self.acme.rows(query).await),
            Err(error) => {
                let error = error.as_db_error().unwrap_or_else(|| panic!("{query}: {error}"));
                format!("{} {}", error.code().code(), error.message())
            }
        }
    }

    /// Both queries are answered alike, when what tells them apart is taken out of the answers.
    async fn assert_alike(&self, query: &str, hidden: &str, absent: &str) {
        let on_hidden = self.answer(&query.replace('?', hidden)).await.replace(hidden, "?");
        let on_absent = self.answer(&query.replace('?', absent)).await.replace(absent, "?");
        assert_eq!(on_hidden, on_absent, "{query}");
    }
}
