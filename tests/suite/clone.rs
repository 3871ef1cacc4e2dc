//! Tenants made from a schema: every kind of object arrives as it is, and nothing in the copy leads
//! back into the template.

mod drift;
mod fidelity;
mod past;
mod privileges;
mod refusals;
mod spares;
mod templates;

use tenancy_tests::database::Database;
use tenancy_tests::session::Session;

/// A template that a superuser has set up, registered by one.
async fn registered(database: &Database<'_>, schema: &str, objects: &str) -> Session {
    let superuser = database.superuser().await;
    superuser.run(&format!("CREATE SCHEMA {schema}; SET search_path = {schema}; {objects}")).await;
    superuser.run("RESET search_path").await;
    superuser.run(&format!("SELECT tenancy.register_template('shop', schema => '{schema}')")).await;
    superuser
}
