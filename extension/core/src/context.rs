//! Where a session is, and which moves the context functions may make from there. Secrets are
//! checked elsewhere; this table says what is possible at all, and whether a key is needed.

use crate::{Error, Result, SqlState, mutant};

/// As whom a session is in a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capacity {
    /// The tenant role: USAGE and DML.
    Member,
    /// The owner role: maintenance and the application's own migrations.
    Owner,
    /// The owner role of a tenant that is being imported and not in service yet.
    Importer,
    /// The tenant role of such a tenant, whose large objects it shall own.
    ImportingMember,
}

impl Capacity {
    /// Takes `member` or `owner`, else 22023.
    pub fn parse(text: &str) -> Result<Self> {
        match text {
            "member" => Ok(Self::Member),
            "owner" => Ok(Self::Owner),
            _ => Err(Error::new(
                SqlState::InvalidParameterValue,
                format!("invalid capacity {text:?}"),
            )
            .hint("Enter as \"member\" or as \"owner\".")),
        }
    }

    /// The same in a tenant that is being imported.
    pub fn of_import(self) -> Self {
        match self {
            Self::Member | Self::ImportingMember => Self::ImportingMember,
            Self::Owner | Self::Importer => Self::Importer,
        }
    }

    /// Whether the tenant is being imported.
    pub fn is_import(self) -> bool {
        matches!(self, Self::Importer | Self::ImportingMember)
    }
}

/// Where a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// An ordinary login that has entered nothing.
    Outside,
    /// Between tenants: nothing runs but the call that leads on.
    Closed,
    /// In a tenant until it leaves.
    Session,
    /// In a tenant until the transaction ends.
    Transaction,
}

/// What a session asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// `enter()`
    Enter,
    /// `enter_local()`
    EnterLocal,
    /// `leave()`
    Leave,
    /// `seal()`
    Seal,
    /// `switch()`
    Switch,
}

/// Everything about a session that decides whether a request is possible.
#[derive(Clone, Copy, Debug)]
pub struct Situation {
    /// Where the session is.
    pub place: Place,
    /// Whether the connection was sealed by `seal()` and serves many tenants.
    pub gateway: bool,
    /// Whether a transaction block is open.
    pub in_block: bool,
    /// Whether a savepoint or an exception block is open.
    pub in_subtransaction: bool,
    /// Whether a definer function or a security-restricted operation is running: its end would
    /// put back the role from before.
    pub in_definer: bool,
}

/// What to do about a request that is possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// Nothing is left to do.
    Stay,
    /// From outside into a tenant (or, for `seal()`, into `closed`).
    Begin,
    /// From a tenant or `closed` on to the next; the key is required if there is one.
    Change,
    /// Out of the tenant; the key is required if there is one.
    End,
}

/// Decides a request: the move to make, or the refusal (42501, 25001 or 55000).
pub fn decide(request: Request, now: Situation) -> Result<Move> {
    if now.in_definer && !mutant::disabled("lock.definer") {
        return Err(in_definer());
    }
    let blocked = now.in_block && !mutant::disabled("lock.block");
    let local = now.place == Place::Transaction && !mutant::disabled("lock.local");
    let gateway = now.gateway && !mutant::disabled("lock.gateway");
    match (request, now.place) {
        (Request::Enter | Request::EnterLocal | Request::Leave, _) if local => Err(until_the_end()),
        (Request::Leave, Place::Outside) => Ok(Move::Stay),
        (Request::Enter, Place::Outside) => Ok(Move::Begin),
        (Request::EnterLocal, Place::Outside) if now.in_subtransaction => Err(in_subtransaction()),
        (Request::EnterLocal, Place::Outside) => Ok(Move::Begin),
        (Request::EnterLocal, _) => Err(elsewhere("the session is in a tenant already")),
        (Request::Seal, Place::Outside) if blocked => Err(in_block("seal")),
        (Request::Seal, Place::Outside) => Ok(Move::Begin),
        (Request::Seal, _) => Err(elsewhere("the connection is in a context already")),
        (Request::Switch, _) if !now.gateway => Err(no_gateway()),
        (Request::Enter | Request::Leave, _) if gateway => Err(switch_only()),
        (Request::Enter, _) if blocked => Err(in_block("enter")),
        (Request::Leave, _) if blocked => Err(in_block("leave")),
        (Request::Switch, _) if blocked => Err(in_block("switch")),
        (Request::Enter | Request::Switch, _) => Ok(Move::Change),
        (Request::Leave, _) => Ok(Move::End),
    }
}

fn in_definer() -> Error {
    Error::new(SqlState::InsufficientPrivilege, "the tenant context cannot be changed here")
        .detail("A security-definer function or a security-restricted operation is running.")
        .hint("Call the context functions as statements of their own.")
}

fn until_the_end() -> Error {
    Error::new(
        SqlState::InsufficientPrivilege,
        "the tenant context lasts until the transaction ends",
    )
    .hint("End the transaction first; enter() makes a context that can be left before.")
}

fn in_subtransaction() -> Error {
    Error::new(SqlState::ActiveSqlTransaction, "enter_local() cannot run inside a subtransaction")
        .detail("ROLLBACK TO SAVEPOINT would undo it.")
        .hint("Call it before the first savepoint and outside of exception blocks.")
}

/// The refusal of a move that would share its transaction with anything else.
pub fn in_block(function: &str) -> Error {
    Error::new(
        SqlState::ActiveSqlTransaction,
        format!("{function}() cannot run inside a transaction block"),
    )
    .detail("It cleans the session in a transaction of its own, so that no ROLLBACK brings anything back.")
    .hint("COMMIT or ROLLBACK first; enter_local() makes a context that ends with the transaction.")
}

fn elsewhere(message: &str) -> Error {
    Error::new(SqlState::InsufficientPrivilege, message)
        .hint("Leave the context first, or use another connection.")
}

fn no_gateway() -> Error {
    Error::new(SqlState::ObjectNotInPrerequisiteState, "the connection is not a gateway's")
        .detail("switch() works on connections that were sealed by seal().")
        .hint("An application's session moves on by enter(tenant, seal => key).")
}

fn switch_only() -> Error {
    Error::new(
        SqlState::InsufficientPrivilege,
        "a gateway connection changes its tenant by switch() only",
    )
    .hint("Call switch(seal, tenant), or switch(seal, NULL) to be between tenants.")
}

/// The refusal to move a session that a context of a transaction has bound to another tenant.
pub fn bound() -> Error {
    Error::new(SqlState::InsufficientPrivilege, "the session is bound to another tenant")
        .detail("It was in a tenant by enter_local() without a seal; the end of that transaction may have been anybody's.")
        .hint("Pass the same seal to every enter_local(tenant, seal => ...), or use another connection.")
}

/// The refusal of everything but the context functions between two tenants.
pub fn closed() -> Error {
    Error::new(SqlState::InsufficientPrivilege, "the connection is in no tenant")
        .detail("Between two tenants a sealed connection runs nothing but the call that leads on.")
        .hint("Call switch(seal, tenant), or close the connection.")
}

/// The refusal of a statement whose effective role is not the context's.
pub fn disagreement() -> Error {
    Error::new(SqlState::InsufficientPrivilege, "the role and the tenant context disagree")
        .hint("Close the connection.")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACES: [Place; 4] = [Place::Outside, Place::Closed, Place::Session, Place::Transaction];
    const REQUESTS: [Request; 5] =
        [Request::Enter, Request::EnterLocal, Request::Leave, Request::Seal, Request::Switch];

    fn at(place: Place) -> Situation {
        Situation {
            place,
            gateway: false,
            in_block: false,
            in_subtransaction: false,
            in_definer: false,
        }
    }

    fn code(request: Request, now: Situation) -> &'static str {
        decide(request, now).map_or_else(|e| e.code.code(), |_| "ok")
    }

    #[test]
    fn an_application_enters_moves_on_and_leaves() {
        assert_eq!(decide(Request::Enter, at(Place::Outside)), Ok(Move::Begin));
        assert_eq!(decide(Request::Enter, at(Place::Session)), Ok(Move::Change));
        assert_eq!(decide(Request::Leave, at(Place::Session)), Ok(Move::End));
        assert_eq!(decide(Request::Leave, at(Place::Outside)), Ok(Move::Stay));
        assert_eq!(decide(Request::EnterLocal, at(Place::Outside)), Ok(Move::Begin));
    }

    #[test]
    fn a_local_context_cannot_be_left_or_changed_by_any_request() {
        for request in REQUESTS {
            assert!(decide(request, at(Place::Transaction)).is_err(), "{request:?}");
        }
    }

    #[test]
    fn a_gateway_moves_by_switch_alone() {
        for place in [Place::Closed, Place::Session] {
            let now = Situation { gateway: true, ..at(place) };
            for request in REQUESTS {
                let expected = if request == Request::Switch { "ok" } else { "42501" };
                assert_eq!(code(request, now), expected, "{request:?} {place:?}");
            }
        }
        assert_eq!(code(Request::Switch, at(Place::Session)), "55000");
    }

    #[test]
    fn nothing_that_scrubs_runs_inside_a_transaction_block() {
        for (request, gateway) in
            [(Request::Enter, false), (Request::Leave, false), (Request::Switch, true)]
        {
            let now = Situation { gateway, in_block: true, ..at(Place::Session) };
            assert_eq!(code(request, now), "25001", "{request:?}");
        }
        let inside = Situation { in_block: true, ..at(Place::Outside) };
        assert_eq!(code(Request::Enter, inside), "ok");
        assert_eq!(code(Request::EnterLocal, inside), "ok");
        assert_eq!(
            code(Request::EnterLocal, Situation { in_subtransaction: true, ..inside }),
            "25001"
        );
    }

    #[test]
    fn no_request_is_possible_inside_a_definer_function() {
        for place in PLACES {
            for request in REQUESTS {
                let now = Situation { in_definer: true, gateway: true, ..at(place) };
                assert_eq!(code(request, now), "42501");
            }
        }
    }
}
