//! Running somebody else's SQL, statement by statement: templates' scripts and migrations.

use crate::ffi::{Oid, event_trigger, report, script};
use crate::sql::{self, Session};
use pgrx::PgTryBuilder;
use tenancy_core::{Error, Result, SqlState};

/// Runs statements as a tenant's owner role under the tenant's path; an error names the statement and
/// its place in `source`, such as `template "shop"`. What they make is the owner role's by itself.
pub fn replay(
    owner: Oid,
    path: &str,
    source: &str,
    statements: &[script::Statement],
) -> Result<()> {
    let _quiet = event_trigger::pause();
    run_as(owner, path, source, statements)
}

/// The same as the owner of a schema that is not a tenant's, where others watch what is made.
pub fn run_as(
    owner: Oid,
    path: &str,
    source: &str,
    statements: &[script::Statement],
) -> Result<()> {
    sql::as_restricted(owner, path, |session| {
        // What is deferred would otherwise run at COMMIT, as whoever called us.
        session.execute("SET CONSTRAINTS ALL IMMEDIATE", &[])?;
        for (number, statement) in statements.iter().enumerate() {
            run(session, source, number + 1, statement)?;
        }
        Ok(())
    })
}

fn run(
    session: &mut Session<'_, '_>,
    source: &str,
    number: usize,
    statement: &script::Statement,
) -> Result<()> {
    let first_line = statement.text.lines().next().unwrap_or_default();
    let place = format!("Statement {number} of {source}, line {}: {first_line}", statement.line);
    if statement.controls_transaction {
        return Err(transaction_control().detail(place));
    }
    let attempt = std::panic::AssertUnwindSafe(|| session.execute(&statement.text, &[]));
    PgTryBuilder::new(attempt)
        .catch_others(|caught| report::raise_again(caught, &place))
        .execute()
        .map(drop)
        .map_err(|_| not_in_a_script().detail(place.clone()))
}

/// The refusal of what PostgreSQL does not run inside a function, such as COPY FROM STDIN.
fn not_in_a_script() -> Error {
    Error::new(
        SqlState::FeatureNotSupported,
        "a template or a migration cannot hold this statement",
    )
    .hint("Write the rows as INSERT; a script has no input of its own.")
}

/// The refusal of BEGIN, COMMIT and the like.
pub fn transaction_control() -> Error {
    Error::new(
        SqlState::InvalidParameterValue,
        "a template or a migration cannot control transactions",
    )
    .hint("Leave BEGIN, COMMIT and ROLLBACK out: it runs in one transaction as a whole.")
}
