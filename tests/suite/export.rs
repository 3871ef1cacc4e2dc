//! Tenants taken out of the database, and brought into one: nothing of them is lost, and what comes
//! in has no more rights than the tenant itself.

mod archive;
mod faults;
mod hostile;
mod interrupted;
mod meanwhile;
mod migrated;
mod output;
mod script;

use tenancy_tests::cluster::checked;
use tenancy_tests::database::Database;

/// A schema with every kind of object; psql runs it, statement by statement.
const EVERYTHING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/suite/clone/everything.sql");

/// The rows of all tables and materialized views of a schema, and where its sequences stand.
const CONTENTS: &str = "
    SELECT relname, CASE relkind WHEN 'S' THEN query_to_xml(format('SELECT last_value, is_called FROM %I.%I', n.nspname, relname), false, false, '')::text
      ELSE query_to_xml(format('SELECT md5(string_agg(t::text, '','' ORDER BY t::text)), count(*) FROM ONLY %I.%I t', n.nspname, relname), false, false, '')::text END
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'SCHEMA' AND relkind IN ('r', 'm', 'S') AND (relkind <> 'm' OR relispopulated)
    ORDER BY relname";

fn contents(database: &Database<'_>, schema: &str) -> String {
    let path = format!("SET search_path = {schema}, public;");
    database.superuser_sql(&format!("{path}{}", CONTENTS.replace("SCHEMA", schema)))
}

/// What pg_dump says of a schema, with its name taken out.
fn structure(database: &Database<'_>, schema: &str) -> Vec<String> {
    let mut command = database.cluster().command("pg_dump");
    let options = ["--schema-only", "--no-owner", "--no-privileges", "--no-publications"];
    let text = checked(command.args(options).args(["--schema", schema]).arg(database.name()));
    let lines = text.lines().filter(|line| !line.contains("restrict"));
    lines.map(|line| line.replace(schema, "template")).collect()
}

/// Runs a script by psql, as a superuser.
fn psql(database: &Database<'_>, file: &str) {
    let arguments = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database.name(), "-f", file];
    checked(database.cluster().command("psql").args(arguments));
}
