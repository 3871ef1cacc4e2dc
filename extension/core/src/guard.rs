//! What a statement may do, decided from a plain description of it. The hooks translate
//! PostgreSQL's parse nodes into these descriptions and raise what comes back.

mod statement;
mod table;

use crate::context::{self, Place};
use crate::{Error, Result, SqlState, mutant};

pub use statement::{Copy, Grant, LockTarget, Object, RoleName, Statement};
pub use table::{How, Own, Refusal, Verdict, verdict};

/// Decides a utility statement of a session in a context: how it is confined, if at all, or 42501.
pub fn utility(place: Place, statement: &Statement, own: Own<'_>) -> Result<Option<How>> {
    match (place, statement) {
        (Place::Outside, _) | (_, Statement::Transaction) => return Ok(None),
        (Place::Closed, _) => return Err(context::closed()),
        (Place::Session | Place::Transaction, _) => {}
    }
    match verdict(statement, own) {
        Verdict::Allowed => Ok(None),
        Verdict::Confined(how) => Ok(Some(how)),
        Verdict::Refused(_) if mutant::disabled("utility.table") => Ok(None),
        Verdict::Refused(refusal) => Err(refuse(refusal)),
    }
}

fn refuse(refusal: Refusal) -> Error {
    Error::new(
        SqlState::InsufficientPrivilege,
        format!("{} is not allowed inside a tenant", refusal.what),
    )
    .hint(refusal.hint)
}

/// The answer to the name of a prepared statement that is not there, or not for SQL in a tenant.
pub fn no_such_statement(name: &str) -> Error {
    Error::new(
        SqlState::UndefinedStatement,
        format!("prepared statement \"{name}\" does not exist"),
    )
}

/// The refusal of EXPLAIN of a statement that reads a filtered catalog: estimates come of samples of
/// everybody's rows, and counts are of the rows that the filter removes.
pub fn explained_catalog() -> Error {
    Error::new(
        SqlState::InsufficientPrivilege,
        "EXPLAIN of a query on a system catalog is not allowed inside a tenant",
    )
    .detail("Its figures tell of the rows that the tenant does not see.")
    .hint("Run the query itself; it shows the tenant's own rows.")
}

/// The refusal of SET ROLE, SET SESSION AUTHORIZATION and every reset of the two.
pub fn role_setting(name: &str) -> Error {
    Error::new(
        SqlState::InsufficientPrivilege,
        format!("parameter \"{name}\" cannot be changed inside a tenant"),
    )
    .hint("The tenant context decides the role; leave it by tenancy.leave(key).")
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: Own<'_> = Own { schema: "t_own", roles: ["t_own", "t_own_owner"], as_owner: false };
    const SOME: [Statement; 4] = [
        Statement::Transaction,
        Statement::TwoPhaseCommit,
        Statement::Query,
        Statement::DiscardAll,
    ];

    #[test]
    fn closed_lets_nothing_pass_but_transaction_control() {
        for statement in SOME {
            let passes = utility(Place::Closed, &statement, OWN).is_ok();
            assert_eq!(passes, statement == Statement::Transaction, "{statement:?}");
        }
    }

    #[test]
    fn a_tenant_goes_by_the_table() {
        for place in [Place::Session, Place::Transaction] {
            let outcome = SOME.map(|s| utility(place, &s, OWN).map_err(|e| e.code.code()));
            let confined = Some(How::DiscardAll);
            assert_eq!(outcome, [Ok(None), Err("42501"), Ok(None), Ok(confined)]);
        }
    }

    #[test]
    fn an_ordinary_session_is_left_alone() {
        assert!(SOME.iter().all(|s| utility(Place::Outside, s, OWN) == Ok(None)));
    }
}
