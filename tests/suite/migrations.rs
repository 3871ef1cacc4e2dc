//! Migrations of the fleet: by SQL from psql, and by the command `tenancy migrate`.

mod command;
mod faults;
mod from_sql;
mod hostile;
mod run;

use std::process::Output;
use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;

/// What the tests add to the table `note`.
const ADD_DUE: &str = "ALTER TABLE note ADD due date;\nCREATE INDEX note_due ON note (due);";

/// Fails in the tenant whose only note has this text, and nowhere else.
fn fails_in(tenant: &str) -> String {
    format!("ALTER TABLE note ADD due date;\nSELECT 1 / (body <> '{tenant}')::int FROM note;")
}

/// Tenants `t01`, `t02`, ... of the template `notes`.
async fn fleet(database: &Database<'_>, size: usize) -> Tenants {
    let names: Vec<String> = (1..=size).map(|number| format!("t{number:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Tenants::create(database, &names).await
}

/// Registers a migration for every tenant.
async fn register(tenants: &Tenants, name: &str, script: &str) {
    let call = format!("SELECT tenancy.register_migration('{name}', $script${script}$script$)");
    tenants.admin.run(&call).await;
}

/// Whether a tenant's table `note` has the new column.
async fn has_due(database: &Database<'_>, tenants: &Tenants, tenant: &str) -> bool {
    let schema = tenants.column(tenant, "schema").await;
    let superuser = database.superuser().await;
    let query = format!(
        "SELECT count(*) FROM pg_attribute WHERE attrelid = '{schema}.note'::regclass AND attname = 'due'"
    );
    superuser.text(&query).await == "1"
}

/// The tenants that lack a migration.
async fn lacking(tenants: &Tenants) -> Vec<String> {
    let rows = tenants.admin.rows("SELECT tenant FROM tenancy.lacking_migrations()").await;
    rows.into_iter().flatten().flatten().collect()
}

/// Exit status of a process, and what it said.
fn answer(output: Output) -> (i32, String) {
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap_or(-1), String::from_utf8(text).unwrap())
}
