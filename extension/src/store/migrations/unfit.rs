//! What no migration can hold, refused when it is registered rather than at the first tenant.

use super::place;
use crate::ffi::script::{self, Statement, Unfit};
use pgrx::{PgSqlErrorCode, PgTryBuilder};
use std::panic::AssertUnwindSafe;
use tenancy_core::{Error, Result, SqlState};

/// The statements of a migration.
pub fn parse(text: &str) -> Result<Vec<Statement>> {
    let statements = PgTryBuilder::new(AssertUnwindSafe(|| script::parse(text)))
        .catch_when(PgSqlErrorCode::ERRCODE_SYNTAX_ERROR, |caught| match of_psql(text) {
            Some(place) => Err(not_sql(place)),
            None => caught.rethrow(),
        })
        .execute()?;
    match statements.iter().find_map(|s| Some((s, s.unfit?))) {
        None => Ok(statements),
        Some((statement, unfit)) => Err(refusal(statement, unfit)),
    }
}

/// The first line that looks like a command of psql's own. In a literal such a line is no error, so
/// this is asked only of what does not parse.
fn of_psql(text: &str) -> Option<String> {
    let mut lines = text.lines().enumerate();
    let (number, line) = lines.find(|(_, line)| line.trim_start().starts_with('\\'))?;
    Some(format!("Line {}: {}", number + 1, line.trim()))
}

fn not_sql(place: String) -> Error {
    Error::new(SqlState::SyntaxError, "commands of psql are no SQL")
        .detail(place)
        .hint("Leave them out, or run the file by psql itself: tenancy migrate run -- psql -f FILE")
}

fn refusal(statement: &Statement, unfit: Unfit) -> Error {
    Error::new(SqlState::FeatureNotSupported, "a migration cannot hold this statement")
        .detail(place(statement))
        .hint(match unfit {
            Unfit::Server => "It is about the whole server or database, not about a tenant: run it once, by itself.",
            Unfit::Alone => "It cannot run in a transaction. Run it in each tenant by psql: tenancy migrate run -- psql -c STATEMENT",
            Unfit::Client => "A migration has no input or output of its own. Write the rows as INSERT, or run the file by psql: tenancy migrate run -- psql -f FILE",
        })
}
