//! What a statement may do, decided from a plain description of it. The hooks translate
//! PostgreSQL's parse nodes into these descriptions and raise what comes back.

use crate::context::{self, Place};
use crate::{Error, Result, SqlState};

/// A utility statement, as far as a guard cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Utility {
    /// BEGIN, COMMIT, ROLLBACK, SAVEPOINT and the like.
    TransactionControl,
    /// PREPARE TRANSACTION, COMMIT PREPARED, ROLLBACK PREPARED.
    TwoPhaseCommit,
    /// CREATE, ALTER, DROP, GRANT or REASSIGN of roles, of itself included.
    Role,
    /// LOAD of a library.
    Load,
    /// ALTER SYSTEM, or any form of ALTER, CREATE or DROP DATABASE.
    System,
    /// Everything else.
    Other,
}

/// Decides a utility statement by the place of the session: 42501 for what does not pass.
pub fn utility(place: Place, statement: Utility) -> Result<()> {
    match (place, statement) {
        (Place::Outside, _) | (_, Utility::TransactionControl) => Ok(()),
        (Place::Closed, _) => Err(context::closed()),
        (Place::Session | Place::Transaction, Utility::Other) => Ok(()),
        (Place::Session | Place::Transaction, refused) => Err(refuse(refused)),
    }
}

fn refuse(statement: Utility) -> Error {
    let what = match statement {
        Utility::TwoPhaseCommit => "two-phase commit",
        Utility::Role => "changing roles",
        Utility::Load => "loading a library",
        Utility::System => "changing the server or the database",
        Utility::TransactionControl | Utility::Other => "this statement",
    };
    Error::new(SqlState::InsufficientPrivilege, format!("{what} is not allowed inside a tenant"))
        .hint("Leave the tenant first; what concerns the whole database is an administrator's.")
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

    const ALL: [Utility; 6] = [
        Utility::TransactionControl,
        Utility::TwoPhaseCommit,
        Utility::Role,
        Utility::Load,
        Utility::System,
        Utility::Other,
    ];

    #[test]
    fn closed_lets_nothing_pass_but_transaction_control() {
        for statement in ALL {
            let passes = utility(Place::Closed, statement).is_ok();
            assert_eq!(passes, statement == Utility::TransactionControl, "{statement:?}");
        }
    }

    #[test]
    fn a_tenant_runs_ordinary_statements_and_nothing_that_reaches_beyond_it() {
        for place in [Place::Session, Place::Transaction] {
            for statement in ALL {
                let ordinary = matches!(statement, Utility::TransactionControl | Utility::Other);
                assert_eq!(utility(place, statement).is_ok(), ordinary, "{statement:?}");
            }
        }
    }

    #[test]
    fn an_ordinary_session_is_left_alone() {
        assert!(ALL.iter().all(|s| utility(Place::Outside, *s).is_ok()));
    }
}
