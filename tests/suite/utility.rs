//! Utility statements inside a tenant: which run, which are refused, and how those are confined
//! that PostgreSQL has once for a whole session or database.

mod catalogs;
mod channels;
mod definer;
mod discard;
mod forms;
mod large_objects;
mod statement_names;

use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;
use tenancy_tests::wire::Wire;

/// The key of sessions that go on to another tenant.
const SEAL: &str = "a seal that is long enough";

/// Two tenants; members of `acme` may create objects in its schema.
async fn tenants(database: &Database<'_>) -> Tenants {
    let tenants = Tenants::create(database, &["acme", "globex"]).await;
    let (schema, role) =
        (tenants.column("acme", "schema").await, tenants.column("acme", "role").await);
    database.superuser_sql(&format!("GRANT CREATE ON SCHEMA {schema} TO {role}"));
    tenants
}

/// A bare connection in a tenant.
async fn wire(tenants: &Tenants, name: &str) -> Wire {
    let mut wire = Wire::connect(&tenants.application).await;
    enter(&mut wire, name).await;
    wire
}

async fn enter(wire: &mut Wire, name: &str) {
    wire.query(&format!("SELECT tenancy.enter('{name}', '{SEAL}')")).await.unwrap();
}
